using System.Buffers;
using System.Diagnostics;

namespace SipPush.Msrp.Framing;

/// <summary>Cuts a stream into heads, slices of bodies and end-lines (RFC 4975 §7.3.1), over any segmentation, without buffering a body
/// and without looking at an octet of it twice. The end-line frames, never the Byte-Range.</summary>
/// <remarks>
/// Of a body nothing stays unconsumed but what can be the start of its end-line; of a head, all of it stays until it is whole. An
/// end-line that has been found stays until it is read as <see cref="MsrpFrameToken.End"/>, so that a caller who stops before can advance
/// the buffer to <see cref="Consumed"/> and will get it at once. CRLFs between frames are skipped.
/// </remarks>
internal ref struct MsrpFrameReader
{
    // A head that lies over two segments is copied in steps of this, since what follows it in the second may be long.
    private const int CopyStep = 512;

    private readonly ReadOnlySequence<byte> _buffer;
    private readonly MsrpFrameState _state;
    private SequencePosition _segment;
    private SequencePosition _nextSegment;
    private ReadOnlyMemory<byte> _memory;
    private ReadOnlySpan<byte> _span;
    private int _offset;
    private bool _needsMore;

    /// <summary>Goes on where <paramref name="state"/> stands; <paramref name="buffer"/> begins at what was not consumed before.</summary>
    public MsrpFrameReader(in ReadOnlySequence<byte> buffer, MsrpFrameState state)
    {
        _buffer = buffer;
        _state = state;
        _segment = _nextSegment = buffer.Start;
    }

    public MsrpFrameToken Token { get; private set; }

    /// <summary>The head of the current frame; <see cref="MsrpHead"/> says what of it lasts how long.</summary>
    public readonly MsrpHead Head => _state.Head;

    /// <summary>The slice found by <see cref="MsrpFrameToken.Body"/>, never empty; empty at any other token.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    /// <summary>The flag found by <see cref="MsrpFrameToken.End"/>.</summary>
    public ContinuationFlag Flag { get; private set; }

    /// <summary>Why the stream can't be framed any further, once <see cref="Read"/> has returned false for it.</summary>
    public readonly MsrpParseError Error => Token == MsrpFrameToken.None ? _state.Error : default;

    /// <summary>Up to here the buffer is done with.</summary>
    public readonly SequencePosition Consumed => _buffer.GetPosition(_offset, _segment);

    /// <summary>Up to here the buffer has been looked at: its end, unless the caller stopped early.</summary>
    public readonly SequencePosition Examined => _needsMore ? _buffer.End : Consumed;

    /// <summary>Moves to the next token; false when more octets are needed, or when <see cref="Error"/> says that the stream can't be framed.</summary>
    public bool Read()
    {
        Body = default;

        if (_state.Phase == MsrpFramePhase.Between)
        {
            _state.BeginFrame();
        }

        return _state.Phase switch
        {
            MsrpFramePhase.Head => ReadHead(),
            MsrpFramePhase.Body => ReadBody(),
            MsrpFramePhase.End => ReadEnd(),
            _ => Stop(),
        };
    }

    private bool ReadHead()
    {
        if (!SkipKeepAlives())
        {
            return Stop();
        }

        var head = _state.Head;
        var octets = _memory[_offset..];
        var progress = head.Scan(octets.Span);

        if (progress == HeadProgress.Incomplete && _nextSegment.GetObject() is not null)
        {
            progress = ScanFurtherSegments();
            octets = _state.Copied;
        }

        switch (progress)
        {
            case HeadProgress.Incomplete:
                return Stop();

            case HeadProgress.Broken:
                return Break(head.Fault);
        }

        head.Hold(octets);
        Skip(head.Length);

        if (head.HasBody)
        {
            _state.Phase = MsrpFramePhase.Body;
            _state.BodyLeft = head is { IsResponse: false, Method: MsrpMethod.Send } ? long.MaxValue : _state.Limits.NonSendBody;
        }
        else
        {
            _state.Phase = MsrpFramePhase.End;
            _state.EndLength = EndLine.HyphenCount + head.TransactionId.Length + EndLine.TailLength;
        }

        return Found(MsrpFrameToken.Head);
    }

    private bool SkipKeepAlives()
    {
        while (MoveToOctets())
        {
            var octet = _span[_offset];

            if (_state.IsInKeepAlive)
            {
                if (octet != '\n')
                {
                    _state.Break(new MsrpParseError(MsrpFault.NotMsrp));
                    return false;
                }
            }
            else if (octet != '\r')
            {
                return true;
            }

            _state.IsInKeepAlive = !_state.IsInKeepAlive;
            _offset++;
        }

        return false;
    }

    private readonly HeadProgress ScanFurtherSegments()
    {
        var ahead = new LookAhead(this, _state.CopiedLength);

        while (ahead.TryTake(Math.Min(CopyStep, _state.Limits.Head - _state.CopiedLength), out var octets))
        {
            _state.Copy(octets);
            if (_state.Head.Scan(_state.Copied.Span) is not HeadProgress.Incomplete and var progress)
            {
                return progress;
            }
        }

        return HeadProgress.Incomplete;
    }

    private bool ReadBody()
    {
        var end = _state.Head.BodyEnd;

        while (MoveToOctets())
        {
            if (_state.Known > 0)
            {
                var length = Math.Min(_state.Known, _span.Length - _offset);
                _state.Known -= length;
                return Deliver(length);
            }

            if (_state.Matched == 0)
            {
                var length = EndLine.Scan(_span[_offset..], end, out var matched);
                _state.Matched = matched;
                if (length > 0)
                {
                    return Deliver(length);
                }
            }

            if (!ContinueEndLine(end))
            {
                return Stop();
            }

            if (_state.Phase == MsrpFramePhase.End)
            {
                return ReadEnd();
            }
        }

        return Stop();
    }

    /// <summary>Follows an end-line that has begun; false when more octets are needed to tell whether it is one.</summary>
    private readonly bool ContinueEndLine(ReadOnlySpan<byte> end)
    {
        var matched = _state.Matched;
        var whole = end.Length + EndLine.TailLength;
        var ahead = new LookAhead(this, matched);

        while (matched < whole)
        {
            if (!ahead.TryTake(whole - matched, out var octets))
            {
                _state.Matched = matched;
                return false;
            }

            if (!EndLine.Continue(octets, end, ref matched))
            {
                // What did not fit may itself begin an end-line: it is scanned after these have been delivered.
                _state.Known = matched;
                _state.Matched = 0;
                return true;
            }
        }

        _state.Matched = 0;
        _state.Phase = MsrpFramePhase.End;
        _state.EndLength = whole;
        return true;
    }

    private bool Deliver(int length)
    {
        // The limit cuts the slice, so that as much comes out as when the octets had come one by one.
        if (length > _state.BodyLeft)
        {
            length = (int)_state.BodyLeft;
            _state.Break(new MsrpParseError(MsrpFault.BodyTooLarge));
            if (length == 0)
            {
                return Stop();
            }
        }

        _state.BodyLeft -= length;
        Body = _span.Slice(_offset, length);
        _offset += length;
        return Found(MsrpFrameToken.Body);
    }

    private bool ReadEnd()
    {
        Skip(_state.EndLength - EndLine.TailLength);
        MoveToOctets();
        Flag = (ContinuationFlag)_span[_offset];
        Skip(EndLine.TailLength);
        _state.Phase = MsrpFramePhase.Between;
        return Found(MsrpFrameToken.End);
    }

    private bool Found(MsrpFrameToken token)
    {
        Token = token;
        return true;
    }

    private bool Stop()
    {
        Token = MsrpFrameToken.None;
        _needsMore = true;
        return false;
    }

    private bool Break(MsrpParseError error)
    {
        _state.Break(error);
        return Stop();
    }

    private bool MoveToOctets()
    {
        while (_offset == _span.Length)
        {
            var segment = _nextSegment;
            if (!_buffer.TryGet(ref _nextSegment, out var memory))
            {
                return false;
            }

            _segment = segment;
            _memory = memory;
            _span = memory.Span;
            _offset = 0;
        }

        return true;
    }

    private void Skip(int count)
    {
        while (count > _span.Length - _offset)
        {
            count -= _span.Length - _offset;
            _offset = _span.Length;
            if (!MoveToOctets())
            {
                Debug.Fail("A buffer begins at what was not consumed before.");
                return;
            }
        }

        _offset += count;
    }

    /// <summary>Walks over octets that are not consumed yet.</summary>
    private ref struct LookAhead
    {
        private readonly ReadOnlySequence<byte> _buffer;
        private SequencePosition _nextSegment;
        private ReadOnlySpan<byte> _rest;
        private int _skip;

        /// <summary>Begins <paramref name="skip"/> octets behind the place of <paramref name="reader"/>.</summary>
        public LookAhead(in MsrpFrameReader reader, int skip)
        {
            _buffer = reader._buffer;
            _nextSegment = reader._nextSegment;
            _rest = reader._span[reader._offset..];
            _skip = skip;
        }

        public bool TryTake(int most, out ReadOnlySpan<byte> octets)
        {
            while (_rest.Length <= _skip)
            {
                _skip -= _rest.Length;
                if (!_buffer.TryGet(ref _nextSegment, out var memory))
                {
                    _rest = octets = default;
                    return false;
                }

                _rest = memory.Span;
            }

            var length = Math.Min(most, _rest.Length - _skip);
            octets = _rest.Slice(_skip, length);
            _rest = _rest[(_skip + length)..];
            _skip = 0;
            return true;
        }
    }
}
