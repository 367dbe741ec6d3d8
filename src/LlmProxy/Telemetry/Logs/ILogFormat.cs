using System.Buffers;
using LlmProxy.Accounting;
using Serilog.Events;

namespace LlmProxy.Telemetry.Logs;

/// <summary>How a log line looks. Called by one thread only; a line includes its line feed.</summary>
internal interface ILogFormat
{
    void Write(LogEvent happened, ArrayBufferWriter<byte> line);

    void Write(CallRow call, ArrayBufferWriter<byte> line);
}
