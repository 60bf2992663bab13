namespace SipPush.Samples;

/// <summary>Opens the file that <c>--file</c> names.</summary>
public static class ContentFile
{
    /// <summary>Opens it to be read once, from its beginning.</summary>
    /// <exception cref="SampleException">There is no such file, it has no length, or it can't be read.</exception>
    public static FileStream Open(FileInfo file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (Directory.Exists(file.FullName))
        {
            throw new SampleException($"--file: '{file}' is a folder", SampleExit.Usage);
        }

        try
        {
            var stream = new FileStream(file.FullName, new FileStreamOptions { Options = FileOptions.SequentialScan | FileOptions.Asynchronous, BufferSize = 0 });
            if (stream.CanSeek)
            {
                return stream;
            }

            stream.Dispose();
            throw new SampleException($"--file: '{file}' has no length, as a pipe has none", SampleExit.Usage);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SampleException($"--file: {problem.Message}", SampleExit.Usage);
        }
    }
}
