using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Conversation;

/// <summary>One attempt to have one LLM continue a conversation: what the two sides of its translation share.</summary>
internal sealed class ChatTurn(Exchange exchange, RouteTarget target, ChatRequest request, AttemptFacts? facts = null)
{
    public Exchange Exchange { get; } = exchange;

    public RouteTarget Target { get; } = target;

    /// <summary>What this attempt finds out.</summary>
    public AttemptFacts Facts { get; } = facts ?? new AttemptFacts(0);

    public Deployment Llm => Target.Deployment;

    public ChatRequest Request { get; } = request;

    public FieldUse Fields { get; } = new(request.Fields);

    /// <summary>
    /// The last message is the beginning of the answer, left off by another LLM: the vendor goes on from there, in the
    /// middle of a word if need be.
    /// </summary>
    public bool GoesOn { get; init; }

    /// <summary>Whether the vendor is asked for a stream.</summary>
    public bool IsStream => Exchange.IsStream;

    /// <summary>The tool that stands in for a response format the vendor lacks: its arguments are the answer's text. Null: none.</summary>
    public string? AnswerTool { get; set; }

    /// <summary>Headers the request needs besides credential and content type.</summary>
    public List<KeyValuePair<string, string>> Headers { get; } = [];

    /// <summary>Media that the client gave as an address and that was fetched for this vendor, by the part that holds it.</summary>
    public Dictionary<ChatPart, MediaSource> Fetched { get; } = [];

    /// <summary>The part's media as this vendor is to get it.</summary>
    public MediaSource MediaOf(ChatPart part) => Fetched.GetValueOrDefault(part) ?? part.Media!;

    /// <summary>The vendor cannot be asked this: another LLM may be; alone, it is the caller's 400.</summary>
    public CallRefusedException Refuse(string param, string why) =>
        new(new VendorFailure(ErrorCode.InvalidValue, $"{TransportFailures.Who(Target)} cannot take {param}: {why}") { Param = param });
}
