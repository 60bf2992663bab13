using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SipPush.Sdp;

/// <summary>
/// A media description for MSRP (RFC 4975 §8): what one side says of one MSRP session. It is read from a <see cref="MediaDescription"/>,
/// and makes one.
/// </summary>
public sealed record MessageMedia
{
    /// <summary>The port of an endpoint that only opens connections (RFC 4145 §4.1).</summary>
    public const int DiscardPort = 9;

    private const int MaxPath = 16;

    /// <summary>The protocol of a connection in the clear.</summary>
    public const string Protocol = "TCP/MSRP";

    /// <summary>The protocol of a connection with TLS.</summary>
    public const string SecureProtocol = "TCP/TLS/MSRP";

    /// <summary>The host of the <c>c=</c> line; where it is not known, null.</summary>
    public string? Host { get; init; }

    /// <summary>The port of the <c>m=</c> line; 0 when the line is refused or removed.</summary>
    public required int Port { get; init; }

    /// <summary>True for TCP/TLS/MSRP.</summary>
    public bool IsSecure { get; init; }

    /// <summary>
    /// <c>a=path</c>: the first URI is where to connect, the last is the session, and the whole is the To-Path of what is sent there
    /// (RFC 4975 §8.2, §8.3). Empty only in a line with port 0.
    /// </summary>
    public IReadOnlyList<PathUri> Path { get; init; } = [];

    /// <summary><c>a=accept-types</c>; null only in a line with port 0.</summary>
    public AcceptTypes? AcceptTypes { get; init; }

    /// <summary><c>a=accept-wrapped-types</c>: what is taken inside a container only; null where there is none.</summary>
    public AcceptTypes? AcceptWrappedTypes { get; init; }

    /// <summary><c>a=max-size</c>: octets of a whole message that may be sent there; null for no limit. Files keep it strictly (RFC 5547 §8.7).</summary>
    public long? MaxSize { get; init; }

    /// <summary><c>a=setup</c>; null where there is none, or <c>holdconn</c>, which counts as none (RFC 6135 §4.2.1).</summary>
    public SetupRole? Setup { get; init; }

    /// <summary>Which way messages with content go; REPORTs and responses are not meant (RFC 4975 §8.9).</summary>
    public MediaDirection Direction { get; init; } = MediaDirection.SendReceive;

    /// <summary><c>a=msrp-cema</c>: connections may go to the <c>c=</c> and <c>m=</c> lines instead of the path (RFC 6714).</summary>
    public bool HasCema { get; init; }

    /// <summary>The fingerprints of the certificate, those of the session where the media description has none (RFC 8122 §5).</summary>
    public IReadOnlyList<Fingerprint> Fingerprints { get; init; } = [];

    /// <summary>The file that this is for; null for messages of any kind.</summary>
    public FileTransfer? File { get; init; }

    /// <summary>The <c>i=</c> line; null where there is none.</summary>
    public string? Information { get; init; }

    /// <summary>True when the path leads over relays (RFC 4975 §8.3).</summary>
    public bool UsesRelay => Path.Count > 1;

    /// <summary>Reads a media description of a session.</summary>
    /// <param name="session">The session, whose attributes and <c>c=</c> line count where the media description has none.</param>
    /// <param name="media">The media description.</param>
    /// <param name="message">What it says; null when it is not one for MSRP.</param>
    /// <param name="fault">Why it is none.</param>
    public static bool TryRead(SessionDescription session, MediaDescription media, [NotNullWhen(true)] out MessageMedia? message, out MessageMediaFault fault)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(media);
        message = null;
        fault = Read(session, media, ref message);
        return fault == MessageMediaFault.None;
    }

    /// <summary>The media description. Attributes come in one order always; the <c>c=</c> line only where that of the session is another.</summary>
    /// <param name="sessionConnection">The <c>c=</c> line of the session; null where it has none.</param>
    /// <exception cref="InvalidOperationException">The port is not 0, and there is no path or there are no types.</exception>
    public MediaDescription ToMedia(ConnectionData? sessionConnection = null)
    {
        if (Port != 0 && (Path.Count == 0 || AcceptTypes is null))
        {
            throw new InvalidOperationException("An MSRP session has a path and the types that are taken.");
        }

        return new MediaDescription
        {
            Media = "message",
            Port = Port,
            Protocol = IsSecure ? SecureProtocol : Protocol,
            Formats = ["*"],
            Information = Information,
            Connections = Host is null || Host == sessionConnection?.Host ? [] : [new ConnectionData(Host)],
            Attributes = Attributes(),
        };
    }

    private List<SdpAttribute> Attributes()
    {
        var attributes = new List<SdpAttribute>(12);
        if (Setup is { } setup)
        {
            attributes.Add(new SdpAttribute("setup", NameOf(setup)));
        }

        if (Direction != MediaDirection.SendReceive)
        {
            attributes.Add(new SdpAttribute(Direction.Name()));
        }

        Add("accept-types", AcceptTypes?.ToString());
        Add("accept-wrapped-types", AcceptWrappedTypes?.ToString());
        Add("max-size", MaxSize?.ToString(CultureInfo.InvariantCulture));
        Add("path", Path.Count == 0 ? null : Path.Count == 1 ? Path[0].Text : string.Join(' ', Path));
        if (HasCema)
        {
            attributes.Add(new SdpAttribute("msrp-cema"));
        }

        foreach (var fingerprint in Fingerprints)
        {
            attributes.Add(new SdpAttribute("fingerprint", fingerprint.ToString()));
        }

        File?.AddTo(attributes);
        return attributes;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                attributes.Add(new SdpAttribute(name, value));
            }
        }
    }

    private static MessageMediaFault Read(SessionDescription session, MediaDescription media, ref MessageMedia? message)
    {
        var isSecure = media.Protocol.Equals(SecureProtocol, StringComparison.OrdinalIgnoreCase);
        if (media.Media != "message" || (!isSecure && !media.Protocol.Equals(Protocol, StringComparison.OrdinalIgnoreCase)))
        {
            return MessageMediaFault.NotMsrp;
        }

        // A line with port 0 may have lost its attributes (RFC 3264 §8.2), and nobody connects by those that it has.
        var isRejected = media.IsRejected;
        if (!isRejected && !media.Formats.Contains("*"))
        {
            return MessageMediaFault.NotMsrp;
        }

        var path = (IReadOnlyList<PathUri>)[];
        if (media.Attribute("path") is not { } pathText)
        {
            if (!isRejected)
            {
                return MessageMediaFault.NoPath;
            }
        }
        else if (!TryReadPath(pathText, ref path) && !isRejected)
        {
            return MessageMediaFault.BadPath;
        }

        if (path.Count > 0 && path[0].IsSecure != isSecure && !isRejected)
        {
            return MessageMediaFault.OtherProtection;
        }

        AcceptTypes? types = null;
        AcceptTypes? wrapped = null;
        if (media.Attribute("accept-types") is not { } typesText)
        {
            if (!isRejected)
            {
                return MessageMediaFault.NoAcceptTypes;
            }
        }
        else if (!AcceptTypes.TryParse(typesText, out types) && !isRejected)
        {
            return MessageMediaFault.BadAcceptTypes;
        }

        if (media.Attribute("accept-wrapped-types") is { } wrappedText && !AcceptTypes.TryParse(wrappedText, out wrapped) && !isRejected)
        {
            return MessageMediaFault.BadAcceptTypes;
        }

        var file = FileTransfer.Read(media.Attributes, out var isMalformed);
        if (isMalformed && !isRejected)
        {
            return MessageMediaFault.BadFile;
        }

        var fingerprints = ReadFingerprints(media.Attributes) ?? ReadFingerprints(session.Attributes);
        if (isSecure && !isRejected && fingerprints is not null && !fingerprints.Any(fingerprint => fingerprint.IsUsable))
        {
            return MessageMediaFault.NoUsableFingerprint;
        }

        message = new MessageMedia
        {
            Host = session.ConnectionOf(media)?.Host,
            Port = media.Port,
            IsSecure = isSecure,
            Path = path,
            AcceptTypes = types,
            AcceptWrappedTypes = wrapped,
            MaxSize = ReadMaxSize(media.Attribute("max-size")),
            Setup = ReadSetup(media.Attribute("setup") ?? session.Attribute("setup")),
            Direction = session.DirectionOf(media),
            HasCema = media.Contains("msrp-cema"),
            Fingerprints = (IReadOnlyList<Fingerprint>?)fingerprints ?? [],
            File = file,
            Information = media.Information,
        };
        return MessageMediaFault.None;
    }

    private static bool TryReadPath(string text, ref IReadOnlyList<PathUri> path)
    {
        if (!text.Contains(' ', StringComparison.Ordinal))
        {
            var isUri = PathUri.TryParse(text, out var single) && single.Port is not null;
            path = isUri ? [single!] : path;
            return isUri;
        }

        var parts = text.Split(' ', MaxPath + 1, StringSplitOptions.RemoveEmptyEntries);
        var uris = new PathUri[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (i == MaxPath || !PathUri.TryParse(parts[i], out var uri) || uri.Port is null)
            {
                return false;
            }

            uris[i] = uri;
        }

        path = uris.Length > 0 ? uris : path;
        return uris.Length > 0;
    }

    // More than a long holds is no limit; what is no number is a hint lost.
    private static long? ReadMaxSize(string? text) =>
        text is null || !SdpGrammar.IsDigits(text) ? null : SdpGrammar.TryReadNumber(text, out var size) ? size : long.MaxValue;

    private static SetupRole? ReadSetup(string? text) => text?.ToLowerInvariant() switch
    {
        "active" => SetupRole.Active,
        "passive" => SetupRole.Passive,
        "actpass" => SetupRole.ActPass,
        _ => null,
    };

    private static string NameOf(SetupRole setup) => setup switch
    {
        SetupRole.Active => "active",
        SetupRole.Passive => "passive",
        _ => "actpass",
    };

    // Null where there is no such attribute; one that can't be read leaves an empty list, by which nobody is known.
    private static List<Fingerprint>? ReadFingerprints(IReadOnlyList<SdpAttribute> attributes)
    {
        List<Fingerprint>? fingerprints = null;
        foreach (var attribute in attributes)
        {
            if (attribute.Name == "fingerprint")
            {
                fingerprints ??= [];
                if (Fingerprint.TryParse(attribute.Value ?? "", out var fingerprint))
                {
                    fingerprints.Add(fingerprint);
                }
            }
        }

        return fingerprints;
    }
}
