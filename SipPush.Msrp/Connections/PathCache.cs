namespace SipPush.Msrp.Connections;

/// <summary>What the paths of the last frame came to. Frame after frame of a connection has the same ones, so that comparing octets spares reading them.</summary>
internal sealed class PathCache
{
    private byte[] _fromPath = [];
    private byte[] _toPath = [];
    private MsrpSession? _session;

    /// <summary>The last From-Path.</summary>
    public byte[] FromPath => _fromPath;

    /// <summary>The first URI of the last From-Path: where the response to a SEND goes.</summary>
    public byte[] ResponsePath { get; private set; } = [];

    /// <summary>The first URI of a path.</summary>
    public static ReadOnlySpan<byte> FirstOf(ReadOnlySpan<byte> path) => path.IndexOf((byte)' ') is >= 0 and var space ? path[..space] : path;

    /// <summary>That From-Path as an array of its own; sets <see cref="ResponsePath"/>.</summary>
    public byte[] FromPathOf(ReadOnlySpan<byte> fromPath)
    {
        if (!fromPath.SequenceEqual(_fromPath))
        {
            _fromPath = fromPath.ToArray();
            ResponsePath = FirstOf(_fromPath) is var first && first.Length == _fromPath.Length ? _fromPath : first.ToArray();
        }

        return _fromPath;
    }

    /// <summary>The session that the last frame with this To-Path was for, if it is still open.</summary>
    public MsrpSession? SessionOf(ReadOnlySpan<byte> toPath) => _session is { IsOpen: true } session && toPath.SequenceEqual(_toPath) ? session : null;

    public void Remember(ReadOnlySpan<byte> toPath, MsrpSession session)
    {
        _toPath = toPath.SequenceEqual(session.LocalUriOctets) ? session.LocalUriOctets : toPath.ToArray();
        _session = session;
    }
}
