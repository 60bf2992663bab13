using System.Security.Cryptography;
using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Authentication;

public sealed class Sha512Truncated256Tests
{
    // NIST, Examples with Intermediate Values: SHA-512/256, one block and two.
    [TestCase("abc", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23")]
    [TestCase(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a")]
    // Computed with Python's hashlib.
    [TestCase("", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a")]
    public void The_published_examples_come_out(string text, string expected) =>
        Assert.That(Hash(Encoding.ASCII.GetBytes(text)), Is.EqualTo(expected));

    // Computed with Python's hashlib.
    [Test]
    public void A_million_times_a_comes_out() =>
        Assert.That(Hash([.. Enumerable.Repeat((byte)'a', 1_000_000)]), Is.EqualTo("9a59a052930187a97038cae692f30708aa6491923ef5194394dc68d56c74fb21"));

    // The hash over the hashes of all inputs 0, 1, 2, … of 0 to 299 octets. Computed with Python's hashlib.
    [Test]
    public void Every_length_about_the_ends_of_blocks_is_padded_rightly()
    {
        var hashes = new byte[300 * Sha512Truncated256.HashLength];
        for (var length = 0; length < 300; length++)
        {
            byte[] data = [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];
            Sha512Truncated256.HashData(data, hashes.AsSpan(length * Sha512Truncated256.HashLength));
        }

        Assert.That(Hash(hashes), Is.EqualTo("a83a7d0a200431b5497016a07bf99544a09ecd6a97863b3d7582e727e3b78d63"));
    }

    // RFC 7616 §3.9.2 prints the front half of SHA-512, which is another hash than the one it names (FIPS 180-4 §5.3.6.2).
    [Test]
    public void The_example_of_RFC_7616_is_of_a_hash_that_was_cut()
    {
        var user = Encoding.UTF8.GetBytes("J\u00E4s\u00F8n Doe:api@example.org");

        Assert.That(Convert.ToHexStringLower(SHA512.HashData(user)[..32]), Is.EqualTo("488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec"));
        Assert.That(Hash(user), Is.EqualTo("793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"), "computed with Python's hashlib");
    }

    private static string Hash(byte[] data)
    {
        var hash = new byte[Sha512Truncated256.HashLength];
        Sha512Truncated256.HashData(data, hash);
        return Convert.ToHexStringLower(hash);
    }
}
