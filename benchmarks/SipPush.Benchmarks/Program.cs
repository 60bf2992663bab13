using System.CommandLine;
using BenchmarkDotNet.Running;
using SipPush.Benchmarks.Load;

if (args is ["load", ..])
{
    var root = new RootCommand("Benchmarks of SipPush; without 'load' the arguments go to BenchmarkDotNet") { LoadCommand.Create() };
    return await root.Parse(args).InvokeAsync();
}

BenchmarkSwitcher.FromAssembly(typeof(LoadReport).Assembly).Run(args);
return 0;
