# What scripts use, as the engine's own parser sees it: a line of JSON for each file of a folder, in the order of the names.
param([Parameter(Mandatory = $true)][string]$Folder)
$ErrorActionPreference = 'Stop'
$newer = 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'QuestionMark', 'AndAnd', 'OrOr', 'Clean'

foreach ($file in Get-ChildItem -LiteralPath $Folder -Filter *.ps1 | Sort-Object -Property Name) {
  $tokens = $null
  $errors = $null
  $ast = [System.Management.Automation.Language.Parser]::ParseFile($file.FullName, [ref]$tokens, [ref]$errors)
  $nodes = $ast.FindAll({ $true }, $true)
  $commands = @()
  $statics = @()
  $functions = @()
  $found = @($tokens | Where-Object { $newer -contains [string]$_.Kind } | ForEach-Object { [string]$_.Kind })
  foreach ($node in $nodes) {
    if ($node -is [System.Management.Automation.Language.CommandAst]) {
      $parameters = @($node.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } | ForEach-Object { $_.ParameterName })
      $commands += @{ name = [string]$node.GetCommandName(); parameters = $parameters }
    }
    if ($node -is [System.Management.Automation.Language.MemberExpressionAst] -and $node.Static) {
      $statics += $node.Expression.Extent.Text + '::' + $node.Member.Extent.Text
    }
    if ($node -is [System.Management.Automation.Language.FunctionDefinitionAst]) { $functions += $node.Name }
    if ($node -is [System.Management.Automation.Language.PipelineAst] -and $node.Background) { $found += 'Background' }
  }
  $json = ConvertTo-Json -Depth 5 -Compress -InputObject @{
    errors = @($errors | ForEach-Object { 'line ' + $_.Extent.StartLineNumber + ': ' + $_.Message })
    newer = $found
    commands = $commands
    functions = $functions
    statics = @($statics | Sort-Object -Unique)
  }
  [Console]::Out.WriteLine($json)
}
