namespace SipPush.Sdp;

/// <summary>
/// The transfer of one file, as a media description speaks of it (RFC 5547): what file, which transfer, and what goes with it. A
/// media description has one transfer, and several files have several media descriptions (§8.2.3).
/// </summary>
public sealed record FileTransfer
{
    /// <summary>Which file.</summary>
    public required FileSelector Selector { get; init; }

    /// <summary>
    /// Which transfer: <see cref="SdpIdentifiers.NewFileTransferId"/> for each that is new, one that is resumed included (§8.1). Null only
    /// where a description says no more than that files can be transferred.
    /// </summary>
    /// <exception cref="ArgumentException">It is no token.</exception>
    public string? TransferId { get; init => field = value is null ? null : SdpGrammar.CheckToken(value, nameof(TransferId)); }

    /// <summary>What is to become of the file: <c>render</c>, which is meant where this is null, <c>attachment</c> or another token (§7).</summary>
    /// <exception cref="ArgumentException">It is no token.</exception>
    public string? Disposition { get; init => field = value is null ? null : SdpGrammar.CheckToken(value, nameof(Disposition)); }

    /// <summary>When the file was made, changed and read; null where nothing is said.</summary>
    public FileDate? Date { get; init; }

    /// <summary>
    /// The Content-ID of a small picture that stands for the file, without <c>cid:</c> and angle brackets; null where there is none. The
    /// body is then multipart/related with the session description as its root (§8.8).
    /// </summary>
    /// <exception cref="ArgumentException">It can't stand in a URL.</exception>
    public string? Icon { get; init => field = value is null ? null : SdpGrammar.CheckVisible(value, nameof(Icon)); }

    /// <summary>The part that is sent; null for the whole file. A transfer that broke off goes on with a range and a new id.</summary>
    public FileRange? Range { get; init; }

    /// <summary>
    /// How many octets are sent at least or exactly, range considered; null where it is not known. Without a wrapper they are the MSRP message.
    /// </summary>
    public long? Length => Range is not { } range ? Selector.Size : range.Length ?? (Selector.Size is { } size ? Math.Max(0, size - range.Start + 1) : null);

    /// <summary>The transfer of these attributes; null where there is no <c>file-selector</c>.</summary>
    /// <param name="attributes">Those of a media description.</param>
    /// <param name="isMalformed">True when there is one and it, the id or the range is not what it should be.</param>
    internal static FileTransfer? Read(IReadOnlyList<SdpAttribute> attributes, out bool isMalformed)
    {
        isMalformed = false;
        if (SessionDescription.Find(attributes, "file-selector") is not { } selectorAttribute)
        {
            return null;
        }

        var id = SessionDescription.Find(attributes, "file-transfer-id")?.Value;
        var range = default(FileRange);
        var rangeText = SessionDescription.Find(attributes, "file-range") is { } rangeAttribute ? rangeAttribute.Value ?? "" : null;
        if (!FileSelector.TryParse(selectorAttribute.Value ?? "", out var selector)
            || (id is not null && !SdpGrammar.IsToken(id))
            || (id is null && !selector.IsEmpty)
            || (rangeText is not null && !FileRange.TryParse(rangeText, out range)))
        {
            isMalformed = true;
            return null;
        }

        // What only describes the file may be wrong without harm.
        var disposition = SessionDescription.Find(attributes, "file-disposition")?.Value;
        var icon = SessionDescription.Find(attributes, "file-icon")?.Value;
        var dateText = SessionDescription.Find(attributes, "file-date")?.Value;

        return new FileTransfer
        {
            Selector = selector,
            TransferId = id,
            Disposition = disposition is not null && SdpGrammar.IsToken(disposition) ? disposition : null,
            Date = dateText is not null && FileDate.TryParse(dateText, out var date) ? date : null,
            Icon = icon is not null && icon.StartsWith("cid:", StringComparison.OrdinalIgnoreCase) && SdpGrammar.IsVisible(icon.AsSpan(4)) ? icon[4..] : null,
            Range = rangeText is null ? null : range,
        };
    }

    internal void AddTo(List<SdpAttribute> attributes)
    {
        if (TransferId is not null)
        {
            attributes.Add(new SdpAttribute("file-transfer-id", TransferId));
        }

        attributes.Add(new SdpAttribute("file-selector", Selector.IsEmpty ? null : Selector.ToString()));
        if (Disposition is not null)
        {
            attributes.Add(new SdpAttribute("file-disposition", Disposition));
        }

        if (Date is not null)
        {
            attributes.Add(new SdpAttribute("file-date", Date.ToString()));
        }

        if (Icon is not null)
        {
            attributes.Add(new SdpAttribute("file-icon", $"cid:{Icon}"));
        }

        if (Range is not null)
        {
            attributes.Add(new SdpAttribute("file-range", Range.ToString()));
        }
    }
}
