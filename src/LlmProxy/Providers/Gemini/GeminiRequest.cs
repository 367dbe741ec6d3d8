using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Gemini;

/// <summary>Writes a GenerateContentRequest. https://ai.google.dev/api/generate-content</summary>
internal static class GeminiRequest
{
    private static readonly JsonWriterOptions Options = new() { Encoder = RouteTarget.JsonOptions.Encoder };

    public static void Write(ChatTurn turn, GoogleApi api, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, Options);
        json.WriteStartObject();
        WriteMembers(json, turn, api);
        json.WriteEndObject();
    }

    /// <summary>All members; the object around them is the caller's.</summary>
    public static void WriteMembers(Utf8JsonWriter json, ChatTurn turn, GoogleApi api)
    {
        var model = new GeminiModel(turn.Target.Model);
        GeminiNative native = GeminiNative.Of(turn);
        ChatRequest request = turn.Request;
        bool withFormat = request.Format.Kind != AnswerFormatKind.Text;
        bool withTools = true;
        bool withAnswerTool = false;

        // Before Gemini 3 a model has either tools or a format. https://ai.google.dev/gemini-api/docs/structured-output
        if (withFormat && !model.IsThird && request.Tools.Count > 0)
        {
            withTools = request.ToolChoice.Kind != ToolChoiceKind.None;
            withFormat = !withTools;
            withAnswerTool = withTools && request.Format.Kind == AnswerFormatKind.JsonSchema && request.Tools.Exists(static tool => tool.NativeType is null);
            if (withTools && !withAnswerTool)
            {
                turn.Fields.Drop("response_format");
            }
        }

        turn.AnswerTool = withAnswerTool ? GeminiTools.AnswerTool : null;
        new GeminiContents(turn, api, model).Write(json);
        GeminiTools.Write(json, turn, withTools, withAnswerTool, native.Request.ContainsKey("toolConfig"));
        GeminiSettings.Write(json, turn, model, native, withFormat);
        WriteTier(json, turn, api);
        foreach ((string name, ReadOnlyMemory<byte> value) in native.Request)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value.Span, skipInputValidation: true);
        }
    }

    /// <summary>The developer API has OpenAI's tiers flex and priority; the cloud is told by headers that are the operator's.</summary>
    private static void WriteTier(Utf8JsonWriter json, ChatTurn turn, GoogleApi api)
    {
        ReadOnlyMemory<byte> tier = turn.Fields.Look("service_tier");
        if (!api.IsCloud && (tier.Span.SequenceEqual("\"flex\""u8) || tier.Span.SequenceEqual("\"priority\""u8)))
        {
            turn.Fields.Take("service_tier");
            json.WritePropertyName("serviceTier"u8);
            json.WriteRawValue(tier.Span, skipInputValidation: true);
        }
    }
}
