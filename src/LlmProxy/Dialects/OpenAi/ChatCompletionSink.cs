using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Collects an answer and writes it as one chat completion.</summary>
internal sealed class ChatCompletionSink(ChatTurn turn) : ChatSink
{
    private readonly bool _knowsFunctionsOnly = ChatWords.KnowsFunctionsOnly(turn);
    private readonly List<ChoiceState> _choices = [];
    private readonly List<KeyValuePair<string, byte[]>> _members = [];

    protected override void OnText(ReadOnlySpan<byte> escaped) => State().Content.Add(escaped);

    protected override void OnReasoning(ReadOnlySpan<byte> escaped)
    {
        State().Reasoning.Add(escaped);
        State().Extras.AddReasoning(escaped);
    }

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed) => State().Extras.AddSignature(escaped, isSealed);

    protected override void OnRefusal(ReadOnlySpan<byte> escaped) => State().Refusal.Add(escaped);

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
        ToolState state = Tool(tool);
        state.Id.Add(id.IsEmpty ? System.Text.Encoding.UTF8.GetBytes(ChatWords.CallId(turn, Choice, tool)) : id);
        state.Name.Add(name);
        state.GoogleSignature.Add(googleSignature);
    }

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped) => Tool(tool).Arguments.Add(escaped);

    protected override void OnExtra(string name, ReadOnlySpan<byte> json) => State().Extras.Add(name, json);

    protected override void OnLogprobs(ReadOnlySpan<byte> elements)
    {
        ArrayBufferWriter<byte> logprobs = State().Logprobs;
        if (logprobs.WrittenCount > 0)
        {
            logprobs.Write(","u8);
        }

        logprobs.Write(elements);
    }

    protected override void OnMember(string name, ReadOnlySpan<byte> json) => _members.Add(new(name, json.ToArray()));

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence) => State().Finish = reason;

    protected override void OnEnd()
    {
        using var json = new Utf8JsonWriter(Output, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("id"u8, ChatWords.AnswerId(this, turn));
        json.WriteString("object"u8, "chat.completion"u8);
        json.WriteNumber("created"u8, turn.Exchange.Time.GetUtcNow().ToUnixTimeSeconds());
        json.WriteString("model"u8, ReportedModel ?? turn.Target.Model);
        json.WriteStartArray("choices"u8);
        for (int i = 0; i < _choices.Count; i++)
        {
            WriteChoice(json, i, _choices[i]);
        }

        json.WriteEndArray();
        if (Usage is { } usage)
        {
            ChatWords.WriteUsage(json, usage);
        }

        foreach ((string name, byte[] value) in _members)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private void WriteChoice(Utf8JsonWriter json, int index, ChoiceState state)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        WriteText(json, "content"u8, state.Content, isNull: state.Content.IsEmpty && (state.Tools.Count > 0 || !state.Refusal.IsEmpty));
        WriteText(json, "refusal"u8, state.Refusal, isNull: state.Refusal.IsEmpty);
        if (!state.Reasoning.IsEmpty)
        {
            WriteText(json, "reasoning_content"u8, state.Reasoning, isNull: false);
        }

        if (_knowsFunctionsOnly && state.Tools.Count > 0)
        {
            WriteFunction(json, "function_call"u8, state.Tools[0]);
        }
        else if (state.Tools.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (ToolState tool in state.Tools)
            {
                WriteTool(json, tool);
            }

            json.WriteEndArray();
        }

        WriteExtras(json, state.Extras);
        json.WriteEndObject();
        if (state.Logprobs.WrittenCount > 0)
        {
            json.WriteStartObject("logprobs"u8);
            json.WritePropertyName("content"u8);
            json.WriteRawValue((byte[])[(byte)'[', .. state.Logprobs.WrittenSpan, (byte)']'], skipInputValidation: true);
            json.WriteNull("refusal"u8);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("logprobs"u8);
        }

        json.WriteString("finish_reason"u8, _knowsFunctionsOnly && state.Finish == FinishReason.ToolCalls ? "function_call"u8 : ChatWords.Of(state.Finish));
        json.WriteEndObject();
    }

    private static void WriteTool(Utf8JsonWriter json, ToolState tool)
    {
        json.WriteStartObject();
        WriteText(json, "id"u8, tool.Id, isNull: false);
        json.WriteString("type"u8, "function"u8);
        WriteFunction(json, "function"u8, tool);
        if (!tool.GoogleSignature.IsEmpty)
        {
            json.WriteStartObject("extra_content"u8);
            json.WriteStartObject("google"u8);
            WriteText(json, "thought_signature"u8, tool.GoogleSignature, isNull: false);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteFunction(Utf8JsonWriter json, ReadOnlySpan<byte> member, ToolState tool)
    {
        json.WriteStartObject(member);
        WriteText(json, "name"u8, tool.Name, isNull: false);
        WriteText(json, "arguments"u8, tool.Arguments, isNull: false);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, EscapedText text, bool isNull)
    {
        json.WritePropertyName(name);
        if (isNull)
        {
            json.WriteNullValue();
        }
        else
        {
            text.WriteTo(json);
        }
    }

    private static void WriteExtras(Utf8JsonWriter json, MessageExtras extras)
    {
        foreach ((string name, ReadOnlyMemory<byte> items) in extras.Arrays)
        {
            json.WritePropertyName(name);
            json.WriteRawValue((byte[])[(byte)'[', .. items.Span, (byte)']'], skipInputValidation: true);
        }
    }

    private ChoiceState State()
    {
        while (_choices.Count <= Choice)
        {
            _choices.Add(new ChoiceState());
        }

        return _choices[Choice];
    }

    private ToolState Tool(int tool)
    {
        List<ToolState> tools = State().Tools;
        while (tools.Count <= tool)
        {
            tools.Add(new ToolState());
        }

        return tools[tool];
    }

    private sealed class ChoiceState
    {
        public EscapedText Content { get; } = new();

        public EscapedText Reasoning { get; } = new();

        public EscapedText Refusal { get; } = new();

        public List<ToolState> Tools { get; } = [];

        public MessageExtras Extras { get; } = new();

        public ArrayBufferWriter<byte> Logprobs { get; } = new();

        public FinishReason Finish { get; set; }
    }

    private sealed class ToolState
    {
        public EscapedText Id { get; } = new();

        public EscapedText Name { get; } = new();

        public EscapedText Arguments { get; } = new();

        public EscapedText GoogleSignature { get; } = new();
    }
}
