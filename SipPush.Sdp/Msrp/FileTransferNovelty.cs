namespace SipPush.Sdp;

/// <summary>What an offered transfer is, seen from those that the session has had (RFC 5547 §8.1, figure 3).</summary>
public enum FileTransferNovelty
{
    /// <summary>An id that was not there before: a new transfer, which ends the one that may run on the same media description.</summary>
    New,

    /// <summary>The id and the file of a transfer that was there before: nothing begins.</summary>
    Known,

    /// <summary>The id of another file: an error, and the media description is refused.</summary>
    OtherFile,
}
