using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Bedrock;

/// <summary>A conversation as a request of Converse.</summary>
internal static class BedrockRequest
{
    /// <summary>Converse's own fields, which a client may write beside those of its dialect; they pass as they are.</summary>
    private static readonly string[] Native = ["guardrailConfig", "performanceConfig", "promptVariables"];

    public static void Write(ChatTurn turn, IBufferWriter<byte> body)
    {
        BedrockModel model = BedrockModel.Of(turn.Target.Model);
        BedrockFormat format = BedrockFormat.Decide(turn, model);
        var tools = new BedrockTools(turn, model, format);
        var sampling = new BedrockSampling(turn, model, tools.IsForced);
        var messages = new BedrockMessages(turn, model);

        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartObject();
        messages.WriteMessages(json);
        messages.WriteSystem(json, format.Way == BedrockFormatWay.Words ? format.Instruction() : "");
        sampling.WriteInference(json);
        tools.WriteTo(json);
        format.WriteNative(json, turn);
        sampling.WriteAdditional(json);
        WriteResponsePaths(json, turn, model);
        BedrockExtras.Write(json, turn);
        foreach (string name in Native)
        {
            BedrockExtras.Pass(json, turn, name);
        }

        json.WriteEndObject();
    }

    /// <summary>Claude tells which stop word it met, when asked.</summary>
    private static void WriteResponsePaths(Utf8JsonWriter json, ChatTurn turn, BedrockModel model)
    {
        if (BedrockExtras.Pass(json, turn, "additionalModelResponseFieldPaths") || !model.IsClaude || turn.Request.Stop.Count == 0)
        {
            return;
        }

        json.WriteStartArray("additionalModelResponseFieldPaths"u8);
        json.WriteStringValue("/stop_sequence"u8);
        json.WriteEndArray();
    }
}
