using System.Text.Json;
using LlmProxy.Routing;

namespace LlmProxy.Conversation;

/// <summary>What the operator wants of an LLM where the client said nothing (its Config), put into a translated request.</summary>
internal static class ConfigDefaults
{
    public static ChatRequest AddTo(ChatRequest request, Deployment llm)
    {
        if (llm.Defaults.Count == 0)
        {
            return request;
        }

        ChatRequest own = request.Copy();
        foreach (ConfigDefault field in llm.Defaults)
        {
            string name = field.Name == "max_completion_tokens" ? "max_tokens" : field.Name;
            if (own.Fields.Exists(f => f.Name == name))
            {
                continue;
            }

            own.Fields.Add(new RequestField(name, name, field.Json) { IsDefault = true });
            Apply(own, name, field.Json);
        }

        return own;
    }

    /// <summary>The fields that a translated request holds by meaning and not only by name.</summary>
    private static void Apply(ChatRequest request, string name, ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        switch (name)
        {
            case "max_tokens" when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long limit):
                request.MaxTokens = limit;
                break;
            case "reasoning_effort" when reader.TokenType == JsonTokenType.String && !request.Thinking.IsSaid:
                request.Thinking = new ThinkingWish { Effort = reader.GetString() };
                break;
            case "stop" when reader.TokenType == JsonTokenType.String:
                request.Stop.Add(new JsonText(json));
                break;
            case "parallel_tool_calls" when reader.TokenType is JsonTokenType.True or JsonTokenType.False:
                request.ParallelToolCalls = reader.GetBoolean();
                break;
            default:
                break;
        }
    }
}
