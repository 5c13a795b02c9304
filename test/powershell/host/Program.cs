// The command line of PowerShell: -NoProfile -NonInteractive -ExecutionPolicy Bypass -File x.ps1 ..., or -Command.
Console.SetOut(new AheadWriter(Console.Out));
return Microsoft.PowerShell.UnmanagedPSEntry.Start(args, args.Length);
