namespace SipPush.Tests.Interop;

/// <summary>The programs of others that the interop tests talk to. Where one is missing the test is skipped, unless
/// the environment says <c>SIPPUSH_INTEROP=required</c>: then it fails.</summary>
internal static class Peer
{
    /// <summary>Full path of a program; ends the test when there is none.</summary>
    public static string Require(string program)
    {
        if (Find(program) is { } path)
        {
            return path;
        }

        Missing($"{program} not found");
        return "";
    }

    /// <summary>Ends the test as skipped, or as failed where interop is required.</summary>
    public static void Missing(string what)
    {
        if (Environment.GetEnvironmentVariable("SIPPUSH_INTEROP") == "required")
        {
            Assert.Fail(what);
        }
        Assert.Ignore($"skipped: {what}");
    }

    private static string? Find(string program)
    {
        // Debian keeps daemons in /usr/sbin, which is not on everybody's PATH.
        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return directories.Append("/usr/sbin")
            .Where(directory => directory.Length > 0)
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(File.Exists);
    }
}
