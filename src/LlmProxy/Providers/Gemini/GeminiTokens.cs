using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Gemini;

/// <summary>Asks Google to count a conversation, free of charge. https://ai.google.dev/api/tokens</summary>
internal sealed class GeminiTokens(GoogleApi api, Func<ChatTurn, string, string> pathFor) : ITokenVendor
{
    public string PathFor(ChatTurn turn) => pathFor(turn, "countTokens");

    public void Write(ChatTurn turn, IBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder });
        json.WriteStartObject();
        if (api.IsCloud)
        {
            var model = new GeminiModel(turn.Target.Model);
            new GeminiContents(turn, api, model).Write(json);
            GeminiTools.Write(json, turn, withTools: true, withAnswerTool: false, hasOwnConfig: true);
        }
        else
        {
            json.WriteStartObject("generateContentRequest"u8);
            json.WriteString("model"u8, GeminiAddress.NameOf(turn.Target.Model));
            GeminiRequest.WriteMembers(json, turn, api);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    public long Read(ChatTurn turn, ReadOnlySpan<byte> body)
    {
        var members = new SpanWalk(body);
        while (members.Next())
        {
            if (members.Is("totalTokens"u8) && members.Kind == JsonTokenType.Number)
            {
                return members.Number();
            }
        }

        throw new JsonException("The answer has no totalTokens.");
    }
}
