using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

/// <summary>A sender and a receiver, and what they write.</summary>
internal static class SdpSamples
{
    public const string GoldenOffer =
        "v=0\r\n"
        + "o=psa 2890844526 2890844526 IN IP4 psa.domain.com\r\n"
        + "s=-\r\n"
        + "c=IN IP4 psa.domain.com\r\n"
        + "t=0 0\r\n"
        + "m=message 7654 TCP/MSRP *\r\n"
        + "a=setup:actpass\r\n"
        + "a=sendonly\r\n"
        + "a=accept-types:application/vnd.oma.push\r\n"
        + "a=path:msrp://psa.domain.com:7654/a3cd20b8ae7fjshA7weyGvN1;tcp\r\n"
        + "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\r\n"
        + "a=file-selector:name:\"pushid-a3cd20b8ae7f\" type:application/vnd.oma.push size:4385 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n";

    public const string GoldenAnswer =
        "v=0\r\n"
        + "o=userpc 2890844700 2890844700 IN IP4 userpc.domain.com\r\n"
        + "s=-\r\n"
        + "c=IN IP4 userpc.domain.com\r\n"
        + "t=0 0\r\n"
        + "m=message 8888 TCP/MSRP *\r\n"
        + "a=setup:passive\r\n"
        + "a=recvonly\r\n"
        + "a=accept-types:application/vnd.oma.push\r\n"
        + "a=path:msrp://userpc.domain.com:8888/9di4eae923wzdyGvN2;tcp\r\n"
        + "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\r\n"
        + "a=file-selector:name:\"pushid-a3cd20b8ae7f\" type:application/vnd.oma.push size:4385 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n";

    /// <summary>RFC 5547 §6, figure 2, on one line what is printed on three, with the space of <c>s=</c>.</summary>
    public const string FileOffer =
        "v=0\r\n"
        + "o=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com\r\n"
        + "s= \r\n"
        + "c=IN IP4 host.atlanta.example.com\r\n"
        + "t=0 0\r\n"
        + "m=message 7654 TCP/MSRP *\r\n"
        + "i=This is my latest picture\r\n"
        + "a=sendonly\r\n"
        + "a=accept-types:message/cpim\r\n"
        + "a=accept-wrapped-types:*\r\n"
        + "a=path:msrp://atlanta.example.com:7654/jshA7we;tcp\r\n"
        + "a=file-selector:name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n"
        + "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\r\n"
        + "a=file-disposition:attachment\r\n"
        + "a=file-date:creation:\"Mon, 15 May 2006 15:01:31 +0300\"\r\n"
        + "a=file-icon:cid:id2@alicepc.example.com\r\n"
        + "a=file-range:1-32349\r\n";

    public static FileHash Hash { get; } = FileHash.Sha1(Convert.FromHexString("72245FE8653DDAF371362F86D471913EE4A2CE2E"));

    public static FileTransfer Push { get; } = new()
    {
        Selector = new FileSelector { Name = "pushid-a3cd20b8ae7f", Type = "application/vnd.oma.push", Size = 4385, Hashes = [Hash] },
        TransferId = "vBnG916bdberum2fFEABR1FR3ExZMUrd",
    };

    public static MessageCapabilities Sender { get; } = new()
    {
        Origin = new Origin("psa", "2890844526", "2890844526", "psa.domain.com"),
        AcceptTypes = new AcceptTypes("application/vnd.oma.push"),
        NewPath = (index, isSecure) => [PathUri.Parse($"{(isSecure ? "msrps" : "msrp")}://psa.domain.com:7654/a3cd20b8ae7fjshA7weyGvN{index + 1};tcp")],
    };

    public static MessageCapabilities Receiver { get; } = new()
    {
        Origin = new Origin("userpc", "2890844700", "2890844700", "userpc.domain.com"),
        AcceptTypes = new AcceptTypes("application/vnd.oma.push"),
        NewPath = (index, isSecure) => [PathUri.Parse($"{(isSecure ? "msrps" : "msrp")}://userpc.domain.com:8888/9di4eae923wzdyGvN{index + 2};tcp")],
    };

    /// <summary>An offer of one MSRP session by 192.0.2.1 with these attributes between the usual ones.</summary>
    public static SessionDescription Offer(string attributes, string media = "message 7777 TCP/MSRP *", string path = "msrp://192.0.2.1:7777/P33rSess10n;tcp", string types = "*") =>
        SessionDescription.Parse(
            $"v=0\r\no=al 2890844526 2890844526 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm={media}\r\na=accept-types:{types}\r\na=path:{path}\r\n{attributes}");
}
