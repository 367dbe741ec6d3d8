using System.Buffers;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Conversation;

/// <summary>Texts to be turned into vectors, in no vendor's dialect.</summary>
internal sealed class EmbeddingRequest
{
    public List<EmbeddingInput> Inputs { get; } = [];

    public long? Dimensions { get; set; }

    /// <summary>Vectors as base64 of little-endian floats instead of arrays of numbers.</summary>
    public bool WantsBase64 { get; set; }

    /// <summary>What the vectors are for, where the client says it (Cohere's and Gemini's words).</summary>
    public JsonText Purpose { get; set; }

    public List<RequestField> Fields { get; } = [];
}

/// <summary>One text, or the same as an array of token numbers (JSON text).</summary>
internal readonly record struct EmbeddingInput(JsonText Text, ReadOnlyMemory<byte> Tokens);

/// <summary>One attempt at embedding: what the two sides of its translation share.</summary>
internal sealed class EmbeddingTurn(Exchange exchange, RouteTarget target, EmbeddingRequest request)
{
    public Exchange Exchange { get; } = exchange;

    public RouteTarget Target { get; } = target;

    public EmbeddingRequest Request { get; } = request;

    public FieldUse Fields { get; } = new(request.Fields);

    /// <summary>The inputs as text: token arrays decoded.</summary>
    public JsonText TextOf(int input) => Request.Inputs[input].Text;
}

/// <summary>A vendor's vectors, in the order of the inputs.</summary>
internal sealed class EmbeddingAnswer
{
    /// <summary>Each an array of numbers as JSON text, copied from the vendor's answer.</summary>
    public List<ReadOnlyMemory<byte>> Vectors { get; } = [];

    /// <summary>Null: the vendor did not say.</summary>
    public TokenUsage? Usage { get; set; }

    public string? ReportedModel { get; set; }
}

/// <summary>How a vendor with a dialect of its own embeds texts.</summary>
internal interface IEmbeddingVendor
{
    /// <summary>How many texts one call takes; a longer list is sent as several calls.</summary>
    int MaxInputs(EmbeddingTurn turn);

    string PathFor(EmbeddingTurn turn);

    /// <summary>Writes the request for the inputs first to first + count - 1.</summary>
    void Write(EmbeddingTurn turn, int first, int count, IBufferWriter<byte> body);

    /// <summary>Adds one call's vectors to the answer. Throws JsonException where the body is not what the vendor documents.</summary>
    void Read(EmbeddingTurn turn, ReadOnlyMemory<byte> body, EmbeddingAnswer answer);
}
