namespace SipPush.Msrp;

/// <summary>The <c>Failure-Report</c> header of a request: which answers its sender wants (RFC 4975 §7.1.1, §7.2).</summary>
public enum FailureReportMode : byte
{
    /// <summary><c>yes</c>, which is also what an absent header says: an answer to each chunk, and a failure when there is none in 30 s.</summary>
    Yes,

    /// <summary><c>partial</c>: only failures are answered, and no timer runs.</summary>
    Partial,

    /// <summary><c>no</c>: nothing is answered.</summary>
    No,
}
