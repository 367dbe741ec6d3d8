namespace LlmProxy.Endpoints;

/// <summary>One thing a client can ask of a model, whatever vendor answers it.</summary>
internal sealed class EndpointKind
{
    public static readonly EndpointKind Chat = new("chat", "chat/completions") { RequiredField = "messages", TakesStreamOptions = true, StreamsEvents = true, MayStream = true };
    public static readonly EndpointKind Completions = new("completions", "completions") { RequiredField = "prompt", TakesStreamOptions = true, StreamsEvents = true, MayStream = true };
    public static readonly EndpointKind Embeddings = new("embeddings", "embeddings") { RequiredField = "input", StaysOnModel = true };
    public static readonly EndpointKind Responses = new("responses", "responses") { StreamsEvents = true, MayStream = true };
    public static readonly EndpointKind ResponsesInputTokens = new("responses_input_tokens", "responses/input_tokens");
    public static readonly EndpointKind Moderations = new("moderations", "moderations") { RequiredField = "input" };
    public static readonly EndpointKind Images = new("images", "images/generations") { RequiredField = "prompt", MayStream = true };
    public static readonly EndpointKind Transcriptions = new("transcriptions", "audio/transcriptions") { IsMultipart = true, RequiredField = "file", MayStream = true };
    public static readonly EndpointKind Speech = new("speech", "audio/speech") { RequiredField = "input", AnswersBinary = true };
    public static readonly EndpointKind Rerank = new("rerank", "rerank") { RequiredField = "query", StaysOnModel = true };

    private static int _count;

    private EndpointKind(string name, string path)
    {
        Name = name;
        Path = path;
        Ordinal = _count++;
    }

    public static IReadOnlyList<EndpointKind> All { get; } =
        [Chat, Completions, Embeddings, Responses, ResponsesInputTokens, Moderations, Images, Transcriptions, Speech, Rerank];

    /// <summary>As written in an LLM's Endpoints.</summary>
    public string Name { get; }

    /// <summary>Below /v1, and in OpenAI's dialect also below the vendor's base address.</summary>
    public string Path { get; }

    public int Ordinal { get; }

    public bool IsMultipart { get; private init; }

    /// <summary>The answer may be bytes that are not text: they are handed on as they come.</summary>
    public bool AnswersBinary { get; private init; }

    /// <summary>Usage in a stream is asked for with stream_options.</summary>
    public bool TakesStreamOptions { get; private init; }

    /// <summary>A stream that is asked for is always one of events: it can be held open with comments, and a plain answer to it is wrong.</summary>
    public bool StreamsEvents { get; private init; }

    /// <summary>"stream" means something; some models of such an endpoint answer whole all the same.</summary>
    public bool MayStream { get; private init; }

    /// <summary>Vectors of two models do not compare: such a call never moves to another vendor model.</summary>
    public bool StaysOnModel { get; private init; }

    /// <summary>The field without which the call means nothing.</summary>
    public string? RequiredField
    {
        get;
        private init
        {
            field = value;
            RequiredFieldUtf8 = System.Text.Encoding.UTF8.GetBytes(value ?? "");
        }
    }

    public byte[] RequiredFieldUtf8 { get; private init; } = [];

    public override string ToString() => Name;
}
