using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>A conversation as a request of the Messages API. https://platform.claude.com/docs/en/api/messages</summary>
internal static class AnthropicRequest
{
    /// <summary>Fields of Anthropic's own that clients of other dialects send beside theirs; they pass as they are.</summary>
    private static readonly string[] Native =
        ["mcp_servers", "container", "context_management", "inference_geo", "speed", "cache_control", "diagnostics", "fallbacks"];

    /// <param name="isCount">Only what the request would cost in tokens is asked: nothing that shapes the answer is taken there.</param>
    public static void Write(ChatTurn turn, AnthropicDialect dialect, IBufferWriter<byte> body, bool isCount = false)
    {
        ClaudeModel model = ClaudeModel.Of(turn.Target.Model);
        AnthropicBetas.TakeFrom(turn);
        AnthropicFormat format = AnthropicFormat.Decide(turn, model, dialect);
        var tools = new AnthropicTools(turn, format, model.HasSchemas && dialect.HasSchemas);
        long maxTokens = MaxTokens(turn, model);
        AnthropicThinking thinking = AnthropicThinking.Decide(turn, model, maxTokens, tools.IsForced);
        var messages = new AnthropicMessages(turn);

        using var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true });
        json.WriteStartObject();
        if (dialect.NamesModel)
        {
            json.WritePropertyName("model"u8);
            json.WriteRawValue(turn.Target.ModelJson.Span, skipInputValidation: true);
        }

        if (dialect.VersionInBody is { } version)
        {
            json.WriteString("anthropic_version"u8, version);
        }

        messages.WriteSystem(json, format.Way == FormatWay.Words ? format.Instruction() : "");
        messages.WriteMessages(json);
        tools.WriteTo(json);
        thinking.WriteTo(json);
        WriteOutputConfig(json, turn, format, thinking);
        if (!isCount)
        {
            json.WriteNumber("max_tokens"u8, maxTokens);
            if (turn.IsStream)
            {
                json.WriteBoolean("stream"u8, true);
            }

            AnthropicSampling.Write(json, turn, model, thinking.IsOn);
            WriteRest(json, turn);
        }

        json.WriteEndObject();
    }

    /// <summary>The vendor demands a limit: without the client's, what the operator or the model's family allows.</summary>
    private static long MaxTokens(ChatTurn turn, ClaudeModel model)
    {
        turn.Fields.Take("max_tokens");
        int configured = turn.Target.Facts.MaxOutputTokens;
        return turn.Request.MaxTokens ?? (configured > 0 ? configured : model.MaxOutput);
    }

    private static void WriteOutputConfig(Utf8JsonWriter json, ChatTurn turn, in AnthropicFormat format, in AnthropicThinking thinking)
    {
        ReadOnlyMemory<byte> own = turn.Fields.Take("output_config");
        if (own.IsEmpty && format.Way != FormatWay.Native && thinking.Effort is null)
        {
            return;
        }

        bool hasFormat = false;
        bool hasEffort = false;
        json.WriteStartObject("output_config"u8);
        if (!own.IsEmpty)
        {
            var members = new JsonWalk(own);
            while (members.Next())
            {
                hasFormat |= members.Is("format"u8);
                hasEffort |= members.Is("effort"u8);
                json.WritePropertyName(members.Name());
                json.WriteRawValue(members.Value.Span, skipInputValidation: true);
            }
        }

        if (thinking.Effort is { } effort && !hasEffort)
        {
            json.WriteString("effort"u8, effort);
        }

        if (format.Way == FormatWay.Native && !hasFormat)
        {
            json.WriteStartObject("format"u8);
            json.WriteString("type"u8, "json_schema"u8);
            json.WritePropertyName("schema"u8);
            json.WriteRawValue(format.Schema.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteRest(Utf8JsonWriter json, ChatTurn turn)
    {
        WriteStop(json, turn);
        WriteUser(json, turn);
        ReadOnlyMemory<byte> tier = turn.Fields.Look("service_tier");
        if (tier.Span.SequenceEqual("\"default\""u8) || tier.Span.SequenceEqual("\"standard_only\""u8))
        {
            turn.Fields.Take("service_tier");
            json.WriteString("service_tier"u8, "standard_only"u8);
        }

        foreach (string name in Native)
        {
            ReadOnlyMemory<byte> value = turn.Fields.Take(name);
            if (!value.IsEmpty)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(value.Span, skipInputValidation: true);
            }
        }
    }

    private static void WriteStop(Utf8JsonWriter json, ChatTurn turn)
    {
        turn.Fields.Take("stop");
        turn.Fields.Take("stop_sequences");
        bool isOpen = false;
        foreach (JsonText word in turn.Request.Stop)
        {
            if (AnthropicParts.IsBlank(word.Escaped))
            {
                turn.Fields.Drop("stop"); // "each stop sequence must contain non-whitespace"
                continue;
            }

            if (!isOpen)
            {
                isOpen = true;
                json.WriteStartArray("stop_sequences"u8);
            }

            word.WriteTo(json);
        }

        if (isOpen)
        {
            json.WriteEndArray();
        }
    }

    /// <summary>metadata has only one member that the vendor knows.</summary>
    private static void WriteUser(Utf8JsonWriter json, ChatTurn turn)
    {
        const int MostChars = 256;
        JsonText user = turn.Request.User;
        turn.Fields.Take("user");
        ReadOnlyMemory<byte> metadata = turn.Fields.Look("metadata");
        if (!metadata.IsEmpty)
        {
            int others = 0;
            var members = new JsonWalk(metadata);
            while (members.Next())
            {
                if (members.Is("user_id"u8) && members.IsString)
                {
                    user = user.IsEmpty ? new JsonText(members.Value) : user;
                }
                else
                {
                    others++;
                }
            }

            if (others == 0)
            {
                turn.Fields.Take("metadata");
            }
        }

        if (user.IsEmpty && turn.Fields.Look("safety_identifier") is { IsEmpty: false } identifier && identifier.Span[0] == '"')
        {
            turn.Fields.Take("safety_identifier");
            user = new JsonText(identifier);
        }

        if (user.Escaped.Length > MostChars)
        {
            turn.Fields.Drop("user");
        }
        else if (!user.IsEmpty)
        {
            json.WriteStartObject("metadata"u8);
            json.WritePropertyName("user_id"u8);
            user.WriteTo(json);
            json.WriteEndObject();
        }
    }
}
