using System.CommandLine;
using BenchmarkDotNet.Running;
using SipPush.Benchmarks.Load;

if (args is ["load", ..])
{
    var root = new RootCommand("Benchmarks of SipPush; without 'load' the arguments go to BenchmarkDotNet") { LoadCommand.Create() };

    // A run ends itself on a signal, and its report may take longer than the library would wait before it ends the process.
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
}

BenchmarkSwitcher.FromAssembly(typeof(LoadReport).Assembly).Run(args);
return 0;
