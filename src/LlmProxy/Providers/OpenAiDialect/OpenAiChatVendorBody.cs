using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Writes a conversation as the body of a chat completions request.</summary>
internal sealed class OpenAiChatVendorBody(ChatTurn turn, Utf8JsonWriter json, OpenAiChatVendorHabits habits, ProviderCard card)
{
    /// <summary>OpenAI takes four; no server of the dialect documents more.</summary>
    private const int MostStops = 4;

    /// <summary>"Invalid 'user': string too long. Expected a string with maximum length 64."</summary>
    private const int LongestUser = 64;

    private readonly ChatRequest _request = turn.Request;

    public void Write(string model)
    {
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        new OpenAiChatVendorMessages(turn, json, habits).Write();
        string? effort = new OpenAiChatVendorThinking(turn, json, habits).Write();
        WriteLimit();
        WriteStops(effort);
        if (_request.Choices > 1)
        {
            json.WriteNumber("n"u8, _request.Choices);
        }

        turn.Fields.Take("n");
        new OpenAiChatVendorTools(turn, json).Write();
        WriteFormat();
        WriteFields(effort);
        WriteStream();
        WriteGoingOn();
        json.WriteEndObject();
    }

    private void WriteGoingOn()
    {
        if (!turn.GoesOn)
        {
            return;
        }

        if (habits.Beginning == BeginningHabit.Continued)
        {
            json.WriteBoolean("add_generation_prompt"u8, false);
            json.WriteBoolean("continue_final_message"u8, true);
        }
        else if (habits.Beginning == BeginningHabit.LastMessage && turn.Fields.Look("chat_template_kwargs").IsEmpty)
        {
            // "Assistant response prefill is incompatible with enable_thinking." https://github.com/ggml-org/llama.cpp/pull/15404
            json.WriteStartObject("chat_template_kwargs"u8);
            json.WriteBoolean("enable_thinking"u8, false);
            json.WriteEndObject();
        }
    }

    private void WriteLimit()
    {
        turn.Fields.Take("max_tokens");
        if (_request.MaxTokens is not { } limit)
        {
            return;
        }

        // Clients of dialects that demand a limit send their own model's; more than the model can write is refused.
        int most = turn.Target.Facts.MaxOutputTokens;
        json.WriteNumber("max_tokens"u8, most > 0 ? Math.Min(limit, most) : limit);
    }

    private void WriteStops(string? effort)
    {
        if (_request.Stop.Count == 0 || habits.RefusesSampling(turn.Target.Model, effort))
        {
            return;
        }

        turn.Fields.Take("stop");
        json.WriteStartArray("stop"u8);
        for (int i = 0; i < _request.Stop.Count && i < MostStops; i++)
        {
            _request.Stop[i].WriteTo(json);
        }

        json.WriteEndArray();
        if (_request.Stop.Count > MostStops)
        {
            turn.Fields.Drop(string.Create(CultureInfo.InvariantCulture, $"{ClientName("stop")}[{MostStops}..]"));
        }
    }

    private void WriteFormat()
    {
        if (_request.Format.Kind == AnswerFormatKind.Text)
        {
            return;
        }

        AnswerFormat format = _request.Format;
        turn.Fields.Take("response_format");
        json.WriteStartObject("response_format"u8);
        json.WriteString("type"u8, format.Kind == AnswerFormatKind.JsonObject ? "json_object"u8 : "json_schema"u8);
        if (format.Kind == AnswerFormatKind.JsonSchema)
        {
            json.WriteStartObject("json_schema"u8);
            json.WritePropertyName("name"u8);
            (format.Name.IsEmpty ? JsonText.Of("answer") : format.Name).WriteTo(json);
            if (!format.Description.IsEmpty)
            {
                json.WritePropertyName("description"u8);
                format.Description.WriteTo(json);
            }

            if (format.Strict is { } strict)
            {
                json.WriteBoolean("strict"u8, strict);
            }

            json.WritePropertyName("schema"u8);
            json.WriteRawValue(format.Schema.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteFields(string? effort)
    {
        foreach (RequestField field in _request.Fields)
        {
            if (IsWritten(field) || (!field.IsDefault && !Passes(field.Name, effort)))
            {
                continue;
            }

            ReadOnlyMemory<byte> value = turn.Fields.Take(field.Name);
            if (value.IsEmpty)
            {
                continue;
            }

            json.WritePropertyName(field.Name);
            if (field.Name == "user" && habits.IsOpenAi && value.Length > LongestUser + 2)
            {
                // OpenAI's own advice for ids: hashed. https://platform.openai.com/docs/guides/safety-best-practices
                json.WriteStringValue(Convert.ToHexStringLower(SHA256.HashData(new JsonText(value).Escaped)));
            }
            else
            {
                json.WriteRawValue(value.Span, skipInputValidation: true);
            }
        }
    }

    /// <summary>Written by its meaning above; what the operator wants has a meaning only where it was understood.</summary>
    private bool IsWritten(in RequestField field) => field.Name switch
    {
        "max_tokens" or "n" or "parallel_tool_calls" or "functions" or "function_call" or "thinking" or "reasoning" or "reasoning_effort"
            or "stream_options" or "stream" or "messages" => true,
        "add_generation_prompt" or "continue_final_message" => turn.GoesOn,
        "tools" or "tool_choice" => !field.IsDefault,
        "stop" => !field.IsDefault || _request.Stop.Count > 0,
        "response_format" => !field.IsDefault || _request.Format.Kind != AnswerFormatKind.Text,
        _ => false,
    };

    private bool Passes(string name, string? effort) => name switch
    {
        "temperature" or "top_p" or "presence_penalty" or "frequency_penalty" or "logprobs" or "top_logprobs" or "logit_bias" =>
            !habits.RefusesSampling(turn.Target.Model, effort),
        "seed" or "user" or "metadata" or "service_tier" or "store" or "prediction" or "modalities" or "audio" or "verbosity"
            or "web_search_options" or "safety_identifier" or "prompt_cache_key" or "prompt_cache_retention" => true,
        "top_k" or "min_p" or "repetition_penalty" => habits.TakesMoreSampling,
        "min_tokens" or "ignore_eos" or "stop_token_ids" or "length_penalty" or "chat_template_kwargs" => habits.IsVllm,
        _ => false,
    };

    private void WriteStream()
    {
        turn.Fields.Take("stream_options");
        if (!turn.IsStream)
        {
            return;
        }

        json.WriteBoolean("stream"u8, true);
        if (card.ReportsStreamUsage && !turn.Llm.State.RefusesStreamOptions)
        {
            json.WriteStartObject("stream_options"u8);
            json.WriteBoolean("include_usage"u8, true);
            json.WriteEndObject();
        }
    }

    private string ClientName(string name)
    {
        foreach (RequestField field in _request.Fields)
        {
            if (field.Name == name)
            {
                return field.ClientName;
            }
        }

        return name;
    }
}
