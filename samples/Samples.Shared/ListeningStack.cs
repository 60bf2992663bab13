using System.Net;
using Microsoft.Extensions.Logging;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>Starts the stack of a sample: UDP and TCP at one address.</summary>
public static class ListeningStack
{
    // What a body may have besides the push itself: the headers of its envelope.
    private const int EnvelopeSize = 64 * 1024;

    /// <summary>Listens, and tells so. <paramref name="largest"/> is the largest push that is to come in; null leaves the stack's own limit.</summary>
    /// <exception cref="SampleException">The address is taken, or not one of this machine.</exception>
    public static async Task<SipStack> StartAsync(
        IPEndPoint listen, TrustDomain trusted, SipTap? tap, ILoggerFactory loggers, SampleOutput output, CancellationToken cancellationToken, long? largest = null)
    {
        var limits = new SipLimits();
        if (largest > limits.Body - EnvelopeSize)
        {
            limits = limits with { Body = (int)Math.Min(1 << 30, largest.Value + EnvelopeSize) };
        }

        SipStack stack;
        try
        {
            stack = await SipStack.StartAsync(
                new SipStackOptions
                {
                    Listen = [new SipEndPoint(SipProtocol.Udp, listen), new SipEndPoint(SipProtocol.Tcp, listen)],
                    TrustDomain = trusted,
                    Tap = tap,
                    Limits = limits,
                    LoggerFactory = loggers,
                },
                cancellationToken);
        }
        catch (IOException problem)
        {
            throw new SampleException($"Cannot listen on {listen}: {problem.InnerException?.Message ?? problem.Message}");
        }

        foreach (var local in stack.Local)
        {
            var uri = SipUri.Of(null, local.Address, local.Protocol).ToString();
            output.Report("listening", $"Listening on {uri}", ("uri", uri));
        }

        return stack;
    }
}
