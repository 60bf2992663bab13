using System.Text;

namespace SipPush.Sip;

/// <summary>Builds a request. Via is the stack's to add when it sends; all else that a request needs is the builder's user's.</summary>
public sealed class SipRequestBuilder : SipMessageBuilder
{
    private readonly SipMethod _method;
    private readonly byte[] _methodOctets;
    private SipText _requestUri;

    /// <summary>A request with nothing but its Request-Line.</summary>
    public SipRequestBuilder(SipMethod method, SipUri requestUri)
        : this(method, requestUri?.Text ?? throw new ArgumentNullException(nameof(requestUri)))
    {
    }

    /// <summary>As above, with a Request-URI as it stood in another request.</summary>
    internal SipRequestBuilder(SipMethod method, SipText requestUri)
        : base(null)
    {
        _method = method;
        _methodOctets = Encoding.ASCII.GetBytes(method.Name);
        _requestUri = requestUri;
        if (!Parsing.SipGrammar.IsToken(_methodOctets))
        {
            throw new ArgumentException("A method is a token", nameof(method));
        }
    }

    /// <summary>A copy of a request that was received, to be changed and sent on.</summary>
    public SipRequestBuilder(SipRequest origin)
        : base(origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        _method = origin.Method;
        _methodOctets = Encoding.ASCII.GetBytes(origin.Method.Name);
        _requestUri = origin.RequestUriText;
    }

    /// <summary>The method.</summary>
    public SipMethod Method => _method;

    /// <summary>The Request-URI; changing it retargets the request.</summary>
    public SipUri? RequestUri
    {
        get => SipUri.TryParse(_requestUri, out var uri) ? uri : null;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _requestUri = value.Text;
        }
    }

    /// <summary>The request as it stands now.</summary>
    public SipRequest Build()
    {
        var (octets, entries, headersEnd, bodyStart) = BuildParts();
        return new SipRequest(octets, entries, _method, _methodOctets.Length + 1, _requestUri.Length, headersEnd, bodyStart);
    }

    private protected override int StartLineLength => _methodOctets.Length + 1 + _requestUri.Length + " SIP/2.0\r\n"u8.Length;

    private protected override int WriteStartLine(Span<byte> destination)
    {
        _methodOctets.CopyTo(destination);
        var position = _methodOctets.Length;
        destination[position++] = (byte)' ';
        _requestUri.Span.CopyTo(destination[position..]);
        position += _requestUri.Length;
        " SIP/2.0\r\n"u8.CopyTo(destination[position..]);
        return position + " SIP/2.0\r\n"u8.Length;
    }
}
