using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Ollama;

/// <summary>Writes Ollama's "options": sampling and how the model is loaded.</summary>
internal sealed class OllamaOptions(ChatTurn turn, Utf8JsonWriter json)
{
    /// <summary>
    /// All that any version knows, by their own names; a server names those that it does not know in its log and goes on.
    /// https://docs.ollama.com/modelfile#valid-parameters-and-values
    /// </summary>
    public static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.Ordinal,
        "temperature", "top_p", "top_k", "min_p", "typical_p", "tfs_z", "seed", "stop", "num_predict", "num_ctx", "num_keep", "num_batch", "num_gpu",
        "main_gpu", "num_thread", "numa", "low_vram", "f16_kv", "use_mmap", "use_mlock", "vocab_only", "logits_all", "embedding_only",
        "repeat_last_n", "repeat_penalty", "presence_penalty", "frequency_penalty", "mirostat", "mirostat_tau", "mirostat_eta", "penalize_newline",
        "draft_num_predict");

    private readonly HashSet<string> _written = [];
    private bool _isOpen;

    /// <summary>Ollama's name for a field, or null when it is no option.</summary>
    public static string? NameOf(string field) => field switch
    {
        "max_tokens" or "max_completion_tokens" => "num_predict",
        "repetition_penalty" => "repeat_penalty",
        _ => Names.Contains(field) ? field : null,
    };

    public void Write()
    {
        // What a client says in Ollama's own words is closest to what it means.
        WriteMembers(turn.Fields.Take("options"));
        WriteLimit();
        WriteStop();
        foreach (RequestField field in turn.Request.Fields)
        {
            if (NameOf(field.Name) is { } name && name != "stop" && turn.Fields.Take(field.Name) is { IsEmpty: false } value)
            {
                Add(name, value.Span);
            }
        }

        foreach (ConfigDefault fallback in turn.Llm.Defaults)
        {
            if (fallback.Name == "options")
            {
                WriteMembers(fallback.Json);
            }
        }

        if (_isOpen)
        {
            json.WriteEndObject();
        }
    }

    private void WriteMembers(ReadOnlyMemory<byte> options)
    {
        if (options.IsEmpty)
        {
            return;
        }

        var members = new JsonWalk(options);
        while (members.Next())
        {
            Add(members.Name(), members.Value.Span);
        }
    }

    private void WriteLimit()
    {
        turn.Fields.Take("max_tokens");
        if (turn.Request.MaxTokens is { } limit)
        {
            Add("num_predict", System.Text.Encoding.UTF8.GetBytes(limit.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private void WriteStop()
    {
        turn.Fields.Take("stop");
        if (turn.Request.Stop.Count == 0)
        {
            return;
        }

        var words = new ArrayBufferWriter<byte>();
        words.Write("["u8);
        foreach (JsonText word in turn.Request.Stop)
        {
            words.Write(words.WrittenCount > 1 ? ","u8 : default);
            words.Write(word.Token.Span);
        }

        words.Write("]"u8);
        Add("stop", words.WrittenSpan);
    }

    /// <summary>The first to say a thing has said it.</summary>
    private void Add(string name, ReadOnlySpan<byte> value)
    {
        if (!_written.Add(name))
        {
            return;
        }

        if (!_isOpen)
        {
            _isOpen = true;
            json.WriteStartObject("options"u8);
        }

        json.WritePropertyName(name);
        json.WriteRawValue(value, skipInputValidation: true);
    }
}
