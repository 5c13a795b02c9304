@{
  RootModule = 'ConfigurationManager.psm1'
  ModuleVersion = '5.2409.1000.1000'
  FunctionsToExport = '*'
}
