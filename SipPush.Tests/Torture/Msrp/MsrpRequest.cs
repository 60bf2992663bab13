using System.Text;

namespace SipPush.Tests.Torture;

/// <summary>A request as a peer writes it.</summary>
internal sealed record MsrpRequest
{
    public string Method { get; init; } = "SEND";

    public string To { get; init; } = MsrpSut.L;

    public string From { get; init; } = MsrpSut.P;

    public required string Tid { get; init; }

    public string? MessageId { get; init; }

    public string? ByteRange { get; init; }

    public string? FailureReport { get; init; }

    public string? SuccessReport { get; init; }

    public string ContentType { get; init; } = "text/plain";

    /// <summary>Further lines.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>The body; null for none.</summary>
    public string? Body { get; init; } = "";

    public char Flag { get; init; } = '$';

    /// <summary>All up to the body.</summary>
    public string Head()
    {
        var text = new StringBuilder($"MSRP {Tid} {Method}\r\nTo-Path: {To}\r\nFrom-Path: {From}\r\n");
        Add(text, "Message-ID", MessageId);
        Add(text, "Byte-Range", ByteRange);
        Add(text, "Failure-Report", FailureReport);
        Add(text, "Success-Report", SuccessReport);
        foreach (var line in Headers)
        {
            text.Append(line).Append("\r\n");
        }

        return Body is null ? text.ToString() : text.Append(System.Globalization.CultureInfo.InvariantCulture, $"Content-Type: {ContentType}\r\n\r\n").ToString();
    }

    public override string ToString() => $"{Head()}{Body}{(Body is null ? "" : "\r\n")}-------{Tid}{Flag}\r\n";

    private static void Add(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }
    }
}
