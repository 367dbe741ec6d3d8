using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Bedrock;

/// <summary>
/// Tells content blocks to the client's sink, whether they come whole or piece by piece. Converse numbers all blocks;
/// the sink numbers only tool calls. One instance per answer, never shared.
/// </summary>
internal sealed class BedrockTeller(string? answerTool, VendorLabel vendor)
{
    private const int MostOpenCalls = 256;

    private readonly byte[]? _answerTool = answerTool is null ? null : Encoding.UTF8.GetBytes(answerTool);
    private readonly List<OpenCall> _open = [];
    private int _calls;

    public void StartCall(int index, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, bool isServers, ChatSink sink)
    {
        if (_open.Count == MostOpenCalls)
        {
            throw new JsonException("Too many tool calls are open at once.");
        }

        var call = new OpenCall(index, isServers ? CallKind.Servers : _answerTool is not null && name.SequenceEqual(_answerTool) ? CallKind.Answer : CallKind.Clients);
        _open.Add(call);
        if (call.Kind == CallKind.Clients)
        {
            call.Number = _calls++;
            sink.ToolStart(call.Number, id, name);
        }
    }

    /// <summary>A piece of a call's input, escaped as the inside of a JSON string.</summary>
    public void Input(int index, ReadOnlySpan<byte> escaped, ChatSink sink)
    {
        if (Find(index) is { } call && !escaped.IsEmpty)
        {
            call.HasInput = true;
            Tell(call, escaped, sink);
        }
    }

    /// <summary>The input as the JSON object that it is.</summary>
    public void WholeInput(int index, ReadOnlySpan<byte> json, ChatSink sink)
    {
        try
        {
            Input(index, JsonEncodedText.Encode(json, RouteTarget.JsonOptions.Encoder).EncodedUtf8Bytes, sink);
        }
        catch (ArgumentException e)
        {
            throw new JsonException("A tool call's input is not UTF-8.", e);
        }
    }

    public void Stop(int index, ChatSink sink)
    {
        if (Find(index) is { } call)
        {
            _open.Remove(call);
            if (!call.HasInput)
            {
                Tell(call, "{}"u8, sink); // A tool without arguments gets no delta.
            }
        }
    }

    public void Finish(ReadOnlySpan<byte> stopReason, ReadOnlySpan<byte> stopSequence, ChatSink sink)
    {
        if (stopReason.StartsWith("malformed_"u8))
        {
            sink.Fail(new VendorFailure(
                ErrorCode.InvalidProviderResponse,
                $"The model of LLM \"{vendor.Llm}\" wrote {(stopReason.EndsWith("tool_use"u8) ? "a tool call" : "output")} that {vendor.Provider} could not read ({Encoding.UTF8.GetString(stopReason)}). Asking again may help."));
            return;
        }

        sink.Finish(ReasonOf(stopReason), stopSequence);
    }

    /// <summary>https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html</summary>
    private FinishReason ReasonOf(ReadOnlySpan<byte> stopReason) =>
        stopReason.SequenceEqual("max_tokens"u8) || stopReason.SequenceEqual("model_context_window_exceeded"u8) ? FinishReason.Length
        : stopReason.SequenceEqual("guardrail_intervened"u8) || stopReason.SequenceEqual("content_filtered"u8) ? FinishReason.ContentFilter
        : stopReason.SequenceEqual("refusal"u8) ? FinishReason.Refusal
        : _calls > 0 ? FinishReason.ToolCalls
        : FinishReason.Stop; // Also "tool_use" of the tool that stands in for a format.

    private static void Tell(OpenCall call, ReadOnlySpan<byte> escaped, ChatSink sink)
    {
        if (call.Kind == CallKind.Answer)
        {
            sink.Text(escaped);
        }
        else if (call.Kind == CallKind.Clients)
        {
            sink.ToolArguments(call.Number, escaped);
        }
    }

    private OpenCall? Find(int index)
    {
        for (int i = _open.Count - 1; i >= 0; i--)
        {
            if (_open[i].Index == index)
            {
                return _open[i];
            }
        }

        return null;
    }

    private enum CallKind
    {
        Clients,

        /// <summary>Of the tool that stands in for a format: its input is the answer's text.</summary>
        Answer,

        /// <summary>Of a tool that the vendor runs itself: nobody else is to run it.</summary>
        Servers,
    }

    private sealed class OpenCall(int index, CallKind kind)
    {
        public int Index { get; } = index;

        public CallKind Kind { get; } = kind;

        public int Number { get; set; }

        public bool HasInput { get; set; }
    }
}
