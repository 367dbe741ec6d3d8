using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Ollama;

/// <summary>Reads the requests of /api/chat and /api/generate into the conversation that other vendors are told.</summary>
internal sealed class OllamaRequestReader(ChatRequest request)
{
    private static readonly string[] Efforts = ["low", "medium", "high", "max"];

    private GatewayError? _wrong;

    public GatewayError? ReadChat(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonWalk(body);
        while (_wrong is null && fields.Next())
        {
            if (fields.Is("messages"u8))
            {
                _wrong = fields.IsArray || fields.IsNull
                    ? OllamaMessageReader.Read(fields.Value, request)
                    : GatewayError.Invalid("messages", "The field \"messages\" must be an array of messages.");
            }
            else
            {
                ReadField(ref fields);
            }
        }

        request.AsksNothing = request.Messages.Count == 0;
        return _wrong;
    }

    /// <summary>A prompt is a conversation of one message, a system prompt another before it.</summary>
    public GatewayError? ReadGenerate(ReadOnlyMemory<byte> body)
    {
        JsonText prompt = default;
        JsonText system = default;
        ReadOnlyMemory<byte> images = default;
        var fields = new JsonWalk(body);
        while (_wrong is null && fields.Next())
        {
            if (fields.Is("prompt"u8))
            {
                prompt = TextOf("prompt", ref fields);
            }
            else if (fields.Is("system"u8))
            {
                system = TextOf("system", ref fields);
            }
            else if (fields.Is("images"u8))
            {
                images = fields.Value;
            }
            else
            {
                ReadField(ref fields); // suffix, template, raw and context have no like in a chat: named as dropped.
            }
        }

        if (_wrong is null && !system.IsEmpty)
        {
            var message = new ChatMessage { Role = ChatRole.System, Path = "system" };
            message.Parts.Add(new ChatPart { Kind = PartKind.Text, Path = "system", Text = system });
            request.Messages.Add(message);
        }

        return _wrong ?? ReadPrompt(prompt, images);
    }

    private GatewayError? ReadPrompt(JsonText prompt, ReadOnlyMemory<byte> images)
    {
        var message = new ChatMessage { Role = ChatRole.User, Path = "prompt" };
        if (!prompt.IsEmpty)
        {
            message.Parts.Add(new ChatPart { Kind = PartKind.Text, Path = "prompt", Text = prompt });
        }

        if (!images.IsEmpty && OllamaMessageReader.ReadImages(images, "images", message) is { } wrong)
        {
            return wrong;
        }

        request.AsksNothing = message.Parts.Count == 0;
        request.Messages.Add(message);
        return null;
    }

    private void ReadField(ref JsonWalk field)
    {
        string name = field.Name();
        switch (name)
        {
            case "model" or "stream" or "llm":
                break;
            case "options":
                ReadOptions(field.Value);
                break;
            case "format":
                ReadFormat(ref field);
                break;
            case "think":
                ReadThink(ref field);
                break;
            case "tools" when field.IsArray:
                Note(name, name, field.Value);
                _wrong = ChatToolReader.ReadTools(field.Value, request);
                break;
            case "tool_choice" when !field.IsNull:
                Note(name, name, field.Value);
                _wrong = ChatToolReader.ReadChoice(name, ref field, request);
                break;
            default:
                Note(name, name, field.Value);
                break;
        }
    }

    private void ReadOptions(ReadOnlyMemory<byte> value)
    {
        var options = new JsonWalk(value);
        while (_wrong is null && options.Next())
        {
            string name = options.Name();
            string path = "options." + name;
            if (options.IsNull)
            {
                continue;
            }

            switch (name)
            {
                case "num_predict":
                    ReadLimit(path, ref options);
                    break;
                case "stop":
                    Note("stop", path, options.Value);
                    ReadStop(path, ref options);
                    break;
                case "repeat_penalty":
                    Note("repetition_penalty", path, options.Value);
                    break;
                default:
                    Note(name, path, options.Value);
                    break;
            }
        }
    }

    /// <summary>-1 and -2 stand for no limit, which is what happens without one.</summary>
    private void ReadLimit(string path, ref JsonWalk option)
    {
        if (option.Number() is not { } limit)
        {
            _wrong = GatewayError.Invalid(path, $"{path} must be a whole number.");
        }
        else if (limit > 0)
        {
            Note("max_tokens", path, option.Value);
            request.MaxTokens = limit;
        }
    }

    private void ReadStop(string path, ref JsonWalk option)
    {
        if (option.IsString)
        {
            request.Stop.Add(new JsonText(option.Value));
            return;
        }

        var words = new JsonWalk(option.Value);
        while (words.Next())
        {
            if (!words.IsString)
            {
                _wrong = GatewayError.Invalid(path, $"{path} must be an array of strings.");
                return;
            }

            request.Stop.Add(new JsonText(words.Value));
        }
    }

    private void ReadFormat(ref JsonWalk field)
    {
        if (field.IsNull || (field.IsString && new JsonText(field.Value).IsEmpty))
        {
            return;
        }

        Note("response_format", "format", field.Value);
        if (field.IsObject)
        {
            request.Format = new AnswerFormat(AnswerFormatKind.JsonSchema, JsonText.Of("answer"), Schema: field.Value);
        }
        else if (field.IsString && new JsonText(field.Value).Is("json"u8))
        {
            request.Format = new AnswerFormat(AnswerFormatKind.JsonObject);
        }
        else
        {
            _wrong = GatewayError.Invalid("format", "The field \"format\" must be \"json\" or a JSON schema.");
        }
    }

    private void ReadThink(ref JsonWalk field)
    {
        if (field.IsNull)
        {
            return;
        }

        Note(field.IsString ? "reasoning_effort" : "thinking", "think", field.Value);
        if (!field.IsString)
        {
            request.Thinking = new ThinkingWish { Enabled = field.IsTrue };
        }
        else if (field.Text() is { } effort && Efforts.Contains(effort))
        {
            request.Thinking = new ThinkingWish { Effort = effort };
        }
        else
        {
            _wrong = GatewayError.Invalid("think", $"The field \"think\" must be true, false, or one of {string.Join(", ", Efforts)}.");
        }
    }

    private JsonText TextOf(string name, ref JsonWalk field)
    {
        if (!field.IsString && !field.IsNull)
        {
            _wrong = GatewayError.Invalid(name, $"The field \"{name}\" must be a string.");
        }

        return field.IsString ? new JsonText(field.Value) : default;
    }

    private void Note(string canonical, string client, ReadOnlyMemory<byte> value) => request.Fields.Add(new RequestField(canonical, client, value));
}
