using SipPush.Sdp;

namespace SipPush.Tests.Torture;

/// <summary>What the system under test can do where only session descriptions go back and forth.</summary>
internal static class SutSdp
{
    private static readonly Fingerprint Certificate = Fingerprint.Of("sut.example.com"u8);

    /// <summary>The capabilities of the MSRP fixtures, with TLS and CEMA besides.</summary>
    public static MessageCapabilities Capabilities { get; } = new()
    {
        Origin = new Origin("sut", "2890844600", "2890844600", "sut.example.com"),
        AcceptTypes = new AcceptTypes("message/cpim", "text/plain", "text/html", "multipart/mixed"),
        AcceptWrappedTypes = AcceptTypes.Any,
        MaxSize = 1_000_000,
        SupportsCema = true,
        Tls = TlsUse.Allowed,
        Fingerprints = [Certificate],
        NewPath = (index, isSecure) => [PathUri.Parse($"{(isSecure ? "msrps" : "msrp")}://sut.example.com:2855/Loc4lSess10n{(index == 0 ? "" : index)};tcp")],
    };
}
