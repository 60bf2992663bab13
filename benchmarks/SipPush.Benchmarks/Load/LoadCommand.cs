using System.CommandLine;
using System.Net;

namespace SipPush.Benchmarks.Load;

/// <summary><c>load</c>: whole-process runs over real sockets, each of which ends with one line of JSON.</summary>
internal static class LoadCommand
{
    public static Command Create() =>
        new("load", "Runs that load real sockets from one process and answer in another") { CreateEcho(), CreatePing() };

    private static Command CreateEcho()
    {
        var listen = EndPointOption("--listen", "Address and port to answer on");
        var transport = TransportOption();
        var seconds = new Option<double>("--seconds") { Description = "How long; without it until Ctrl+C or SIGTERM" };
        var command = new Command("echo", "Answers 882 octets with 345 on bare .NET sockets: the limit a SIP stack is measured against") { listen, transport, seconds };

        command.SetAction(parse =>
        {
            using var stop = new LoadStop(parse.GetValue(seconds));
            using var echo = LoadEcho.Start(parse.GetRequiredValue(listen), parse.GetRequiredValue(transport));
            stop.Wait();
            echo.Report().Print();
            return 0;
        });
        return command;
    }

    private static Command CreatePing()
    {
        var target = EndPointOption("--target", "Where 'load echo' listens");
        var transport = TransportOption();
        var inFlight = new Option<int>("--in-flight") { Description = "Requests waiting for their answer at any time", DefaultValueFactory = _ => 32 };
        var seconds = new Option<double>("--seconds") { Description = "How long", DefaultValueFactory = _ => 5 };
        var command = new Command("ping", "Sends 882 octets, counts answers of 345") { target, transport, inFlight, seconds };

        command.SetAction(parse =>
        {
            var length = TimeSpan.FromSeconds(parse.GetValue(seconds));
            using var stop = new LoadStop(seconds: 0);
            LoadPing.Run(parse.GetRequiredValue(target), parse.GetRequiredValue(transport), parse.GetValue(inFlight), length, stop.Token).Print();
            return 0;
        });
        return command;
    }

    private static Option<string> TransportOption()
    {
        var option = new Option<string>("--transport") { Description = "udp or tcp", DefaultValueFactory = _ => "udp" };
        option.AcceptOnlyFromAmong("udp", "tcp");
        return option;
    }

    private static Option<IPEndPoint> EndPointOption(string name, string description) => new(name)
    {
        Description = description,
        Required = true,
        CustomParser = result =>
        {
            if (IPEndPoint.TryParse(result.Tokens[0].Value, out var endPoint) && endPoint.Port != 0)
            {
                return endPoint;
            }
            result.AddError($"{name} wants an address and a port, such as 127.0.0.1:5080");
            return null;
        },
    };
}
