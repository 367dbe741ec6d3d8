using LlmProxy.Dialects;
using LlmProxy.Dialects.Anthropic;
using LlmProxy.Dialects.Ollama;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Dialects.Responses;

namespace LlmProxy.Endpoints;

/// <summary>One thing a client can ask of a model, in the dialect it is asked in, whatever vendor answers it.</summary>
internal sealed class EndpointKind
{
    private static readonly List<EndpointKind> Made = []; // Stands first: the ones below enter themselves.

    public static readonly EndpointKind Chat = new("chat", "chat/completions") { RequiredField = "messages", TakesStreamOptions = true, StreamsEvents = true, MayStream = true, ChatFront = new ChatCompletionsFront() };
    public static readonly EndpointKind Completions = new("completions", "completions") { ChatFront = new CompletionsFront(), RequiredField = "prompt", TakesStreamOptions = true, StreamsEvents = true, MayStream = true, Via = Chat };
    public static readonly EndpointKind Embeddings = new("embeddings", "embeddings") { RequiredField = "input", StaysOnModel = true, EmbeddingFront = new EmbeddingsFront() };
    public static readonly EndpointKind Responses = new("responses", "responses") { Dialect = ResponsesClients.Instance, ChatFront = new ResponsesFront(), StreamsEvents = true, MayStream = true, Via = Chat };
    public static readonly EndpointKind ResponsesInputTokens = new("responses_input_tokens", "responses/input_tokens") { TokenFront = new ResponsesTokensFront(), Via = Chat };
    public static readonly EndpointKind Moderations = new("moderations", "moderations") { RequiredField = "input" };
    public static readonly EndpointKind Images = new("images", "images/generations") { RequiredField = "prompt", MayStream = true };
    public static readonly EndpointKind Transcriptions = new("transcriptions", "audio/transcriptions") { IsMultipart = true, RequiredField = "file", MayStream = true };
    public static readonly EndpointKind Speech = new("speech", "audio/speech") { RequiredField = "input", AnswersBinary = true };
    public static readonly EndpointKind Rerank = new("rerank", "rerank") { RequiredField = "query", StaysOnModel = true };

    public static readonly EndpointKind Messages = new("messages", "messages") { Dialect = AnthropicClients.Instance, Family = "chat", RequiredField = "messages", StreamsEvents = true, MayStream = true, Via = Chat, ChatFront = new AnthropicFront() };
    public static readonly EndpointKind CountTokens = new("count_tokens", "messages/count_tokens") { Dialect = AnthropicClients.Instance, Family = "chat", RequiredField = "messages", Via = Chat, TokenFront = new AnthropicFront() };
    public static readonly EndpointKind OllamaChat = new("ollama_chat", "chat") { Dialect = OllamaClients.Instance, Family = "chat", MayStream = true, StreamsUnasked = true, Via = Chat, ChatFront = new OllamaChatFront() };
    public static readonly EndpointKind OllamaGenerate = new("ollama_generate", "generate") { Dialect = OllamaClients.Instance, Family = "chat", MayStream = true, StreamsUnasked = true, Via = Chat, ChatFront = new OllamaGenerateFront() };
    public static readonly EndpointKind OllamaEmbed = new("ollama_embed", "embed") { Dialect = OllamaClients.Instance, Family = "embeddings", RequiredField = "input", StaysOnModel = true, Via = Embeddings, EmbeddingFront = new OllamaEmbedFront() };
    public static readonly EndpointKind OllamaEmbeddings = new("ollama_embeddings", "embeddings") { Dialect = OllamaClients.Instance, Family = "embeddings", RequiredField = "prompt", StaysOnModel = true, Via = Embeddings, EmbeddingFront = new OllamaEmbedFront(isOld: true) };

    /// <summary>Anything else of one vendor's API, unread.</summary>
    public static readonly EndpointKind Pass = new("pass", "pass");

    private EndpointKind(string name, string path)
    {
        Name = name;
        Family = name;
        Path = path;
        Ordinal = Made.Count;
        Made.Add(this);
    }

    /// <summary>What vendors of OpenAI's dialect may serve.</summary>
    public static IReadOnlyList<EndpointKind> OfOpenAi { get; } =
        [Chat, Completions, Embeddings, Responses, ResponsesInputTokens, Moderations, Images, Transcriptions, Speech, Rerank];

    public static IReadOnlyList<EndpointKind> All => Made;

    public string Name { get; }

    /// <summary>What an LLM's Endpoints calls it: all dialects of one thing go by one name.</summary>
    public string Family { get; private init; }

    /// <summary>How its clients speak.</summary>
    public ClientDialect Dialect { get; private init; } = OpenAiClients.Instance;

    /// <summary>Below /v1 (Ollama: /api), and in the same dialect also below the vendor's base address.</summary>
    public string Path { get; }

    /// <summary>The addresses it is served at.</summary>
    public IReadOnlyList<string> Routes => this == Pass ? [] : Dialect == OllamaClients.Instance ? ["/api/" + Path] : ["/v1/" + Path, "/" + Path];

    public int Ordinal { get; }

    public bool IsMultipart { get; private init; }

    /// <summary>The answer may be bytes that are not text: they are handed on as they come.</summary>
    public bool AnswersBinary { get; private init; }

    /// <summary>Usage in a stream is asked for with stream_options.</summary>
    public bool TakesStreamOptions { get; private init; }

    /// <summary>A stream that is asked for is always one of events: a plain answer to it is wrong.</summary>
    public bool StreamsEvents { get; private init; }

    /// <summary>"stream" means something; some models of such an endpoint answer whole all the same.</summary>
    public bool MayStream { get; private init; }

    /// <summary>Without "stream" in the request the answer is a stream.</summary>
    public bool StreamsUnasked { get; private init; }

    /// <summary>Vectors of two models do not compare: such a call never moves to another vendor model.</summary>
    public bool StaysOnModel { get; private init; }

    /// <summary>What a vendor must be able to do to serve it by translation, where it does not speak it itself; null: nothing else will do.</summary>
    public EndpointKind? Via { get; private init; }

    /// <summary>How its conversations are read and written, when they are translated.</summary>
    public IChatFront? ChatFront { get; private init; }

    public IEmbeddingFront? EmbeddingFront { get; private init; }

    public ITokenFront? TokenFront { get; private init; }

    /// <summary>Whether its calls use tokens that can be counted here.</summary>
    public bool CountsTokens => ChatFront is not null || EmbeddingFront is not null;

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
