// The command line of PowerShell: -NoProfile -NonInteractive -ExecutionPolicy Bypass -File x.ps1 ..., or -Command.
return Microsoft.PowerShell.UnmanagedPSEntry.Start(args, args.Length);
