namespace SipPush.Tests.Torture;

/// <summary>One line of a set's <c>index.tsv</c>.</summary>
/// <param name="File">The path below the set, which names the entry.</param>
/// <param name="Path">Where the octets lie.</param>
/// <param name="Proto">sip, sdp, msrp, cpim or api.</param>
/// <param name="Origin">rfc, rfc-derived or repo.</param>
/// <param name="Verdict">valid, invalid, seed or scenario.</param>
/// <param name="Transport">udp, tcp, tls or any.</param>
/// <param name="Role">What receives the message: uas, uac, registrar and others.</param>
/// <param name="Action">What the code must do.</param>
/// <param name="Expected">The same in words.</param>
internal sealed record TortureEntry(
    string File, string Path, string Proto, string Origin, string Verdict, string Transport, string Role, TortureAction Action, string Expected)
{
    /// <summary>True for another project's data file: nobody has settled what is to become of it.</summary>
    public bool IsHint => Origin == "repo";

    public byte[] Read() => System.IO.File.ReadAllBytes(Path);

    public override string ToString() => File;
}
