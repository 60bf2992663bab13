using System.IO.Pipelines;
using System.Net.WebSockets;

namespace SipPush.Msrp.Transport;

/// <summary>A WebSocket as a pipe of MSRP. Completing its output closes it.</summary>
internal sealed class WebSocketPipe : IDuplexPipe
{
    private const int BufferSize = 64 * 1024;

    public WebSocketPipe(WebSocket socket)
    {
        var stream = new WebSocketStream(socket);
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferSize, leaveOpen: true));
        Output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: BufferSize, leaveOpen: false));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }
}
