using System.Globalization;
using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Caching;
using LlmProxy.Configuration;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Forwarding.Hedging;
using LlmProxy.Guards;
using LlmProxy.Hosting;
using LlmProxy.Limits;
using LlmProxy.Media;
using LlmProxy.Providers;
using LlmProxy.Routing;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Pipeline;

/// <summary>One call on its way through the gateway: the typed object that travels.</summary>
internal sealed partial class Exchange(HttpContext http, EndpointKind endpoint, GatewaySnapshot snapshot, TimeProvider time, BufferBudget budget, Shutdown shutdown)
{
    private List<KeyValuePair<string, StringValues>>? _forwarded;
    private ChatRequest? _chat;
    private FetchedMedia? _media;
    private EmbeddingRequest? _embedding;
    private Hold? _place;
    private string? _idText;
    private string? _endUser;

    /// <summary>Ours alone; the client's own id is kept beside it.</summary>
    public string Id => _idText ??= CallId.ToString("D", CultureInfo.InvariantCulture);

    public Guid CallId { get; } = CallTime.NewId(time.GetUtcNow());

    public HttpContext Http { get; } = http;

    public EndpointKind Endpoint { get; } = endpoint;

    /// <summary>The configuration this call began with, kept to its end.</summary>
    public GatewaySnapshot Snapshot { get; } = snapshot;

    public TimeProvider Time { get; } = time;

    public long StartedAt { get; } = time.GetTimestamp();

    public Caller Caller { get; set; } = Caller.Anyone;

    public RequestBody? Body { get; set; }

    /// <summary>Null for multipart requests.</summary>
    public RequestPeek? Peek { get; set; }

    /// <summary>Null for JSON requests.</summary>
    public MultipartPeek? Form { get; set; }

    public Wishes Wishes { get; set; } = Wishes.None;

    /// <summary>The model, where the address names it: the body's own is then beside the point.</summary>
    public string? AddressedModel { get; init; }

    /// <summary>What the client asked for; null when it named nothing.</summary>
    public string? RequestedModel { get; set; }

    public bool IsStream { get; set; }

    /// <summary>The request in no vendor's dialect; read when a call must be translated for the first time.</summary>
    public ChatRequest ReadChat()
    {
        if (_chat is null)
        {
            var chat = new ChatRequest();
            GatewayError? wrong = Endpoint.TokenFront is { } tokens
                ? tokens.Read(Body!.Bytes, Peek!, Http.Request, chat)
                : Endpoint.ChatFront!.Read(Body!.Bytes, Peek!, Http.Request, chat);
            _chat = wrong is null ? chat : throw Refused(wrong);
        }

        return _chat;
    }

    /// <summary>The same for texts that are to be embedded.</summary>
    public EmbeddingRequest ReadEmbedding()
    {
        if (_embedding is null)
        {
            var embedding = new EmbeddingRequest();
            GatewayError? wrong = Endpoint.EmbeddingFront!.Read(Body!.Bytes, Peek!, embedding);
            _embedding = wrong is null ? embedding : throw Refused(wrong);
        }

        return _embedding;
    }

    /// <summary>Cancelled when the client has gone.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Whether the gateway is about to stop, and when its patience ends.</summary>
    public Shutdown Shutdown { get; } = shutdown;

    /// <summary>The gateway's memory for bodies and held answers.</summary>
    public BufferBudget Budget { get; } = budget;

    /// <summary>The caller's headers that may travel to a vendor.</summary>
    public IReadOnlyList<KeyValuePair<string, StringValues>> ForwardedHeaders => _forwarded ?? [];

    /// <summary>Media fetched for vendors that want the bytes.</summary>
    public FetchedMedia Media
    {
        get
        {
            if (_media is null)
            {
                Interlocked.CompareExchange(ref _media, new FetchedMedia(Budget), null);
            }

            return _media;
        }
    }

    /// <summary>How the LLM was chosen, where the caller asked to be told.</summary>
    public RouteTrace? Trace { get; set; }

    public int Status { get; set; }

    public GatewayError? Error { get; set; }

    /// <summary>How many messages were left out so that the rest fits the LLM's context.</summary>
    public int TruncatedMessages { get; private set; }

    public string Cache { get; set; } = "bypass";

    public double QueueMs { get; set; }

    /// <summary>Requests left under the tightest limit, for the x-ratelimit headers.</summary>
    public RateReport Rate { get; set; }

    /// <summary>The same for tokens.</summary>
    public RateReport TokenRate { get; set; }

    /// <summary>What it holds of limits and budgets.</summary>
    public Hold Hold { get; private set; } = Hold.None;

    /// <summary>The LLM whose place among all replicas the call was given when it was admitted.</summary>
    public string? HeldLlm { get; private set; }

    /// <summary>How it has come so far, and its one row; null until it is admitted.</summary>
    public CallAccount? Account { get; set; }

    public bool IsClientGone { get; set; }

    public long FirstOutputAt { get; set; }

    /// <summary>Time spent waiting for the client's body and for the attempts that failed; the chosen one has its own.</summary>
    public long WaitedTicks { get; set; }

    public double? OverheadMs { get; set; }

    public double ElapsedMs => Time.GetElapsedTime(StartedAt).TotalMilliseconds;

    public double? TtftMs => FirstOutputAt == 0 ? null : Time.GetElapsedTime(StartedAt, FirstOutputAt).TotalMilliseconds;

    public string? FallbackReason => Chosen?.FallbackReason;

    /// <summary>Its answer is noted for the cache and for equal calls; null: it is its client's alone.</summary>
    public Flight? Flight { get; set; }

    /// <summary>The equal call that it waits for; null: none.</summary>
    public Flight? Follows { get; set; }

    /// <summary>What is left of the time the caller gave the whole call; null when it gave none.</summary>
    public TimeSpan? WishedTimeLeft =>
        Wishes.TimeoutMs is { } wished ? TimeSpan.FromMilliseconds(wished) - Time.GetElapsedTime(StartedAt) : null;

    /// <summary>What stands between its answer and the client; null for nearly all calls.</summary>
    public AnswerGuard? AnswerGuard { get; set; }

    /// <summary>For whom an application calls: its own word, or the caller's wish.</summary>
    public string? EndUser => _endUser ?? Peek?.User ?? Form?.User ?? Wishes.User;

    /// <summary>The prompt's bytes, where replicas are chosen by how a prompt begins.</summary>
    public ReadOnlySpan<byte> PromptText
    {
        get
        {
            if (Peek is null || Body is null)
            {
                return default;
            }

            int member = Peek.Members.Find(Body.Span, Endpoint.RequiredFieldUtf8);
            return member < 0 ? default : Peek.Members[member].Value(Body.Span);
        }
    }

    /// <summary>It is admitted, or refused. What it was given before it keeps to its end.</summary>
    public void Take(in LimitDecision decision)
    {
        _place = Hold == Hold.None ? _place : Hold;
        Hold = decision.Hold;
        QueueMs += decision.WaitedMs;
        Rate = decision.Rate.IsEmpty ? Rate : decision.Rate;
        TokenRate = decision.Tokens.IsEmpty ? TokenRate : decision.Tokens;
        HeldLlm = decision.HeldLlm ?? HeldLlm;
    }

    public void Forward(KeyValuePair<string, StringValues> header) => (_forwarded ??= []).Add(header);

    /// <summary>Whether the gateway itself asks this LLM to report usage in the stream.</summary>
    public bool AsksForUsage(RouteTarget target) =>
        IsStream && target.Deployment.Provider.Card.ReportsStreamUsage && !target.Deployment.State.RefusesStreamOptions
        && (!target.Deployment.Speaks(Endpoint) || (Endpoint.TakesStreamOptions && Peek is { WantsUsage: false }));

    /// <summary>The caller's own mistake, found while the request was translated: no other LLM would take it.</summary>
    private static CallRefusedException Refused(GatewayError wrong) =>
        new(new VendorFailure(wrong.Code, wrong.Message) { IsFinal = true, Param = wrong.Param, Status = wrong.Status });

    /// <summary>
    /// From here on the call is the shorter one. False when that is no request any more: then nothing has changed. The cache
    /// does not keep its answer under the long one's name.
    /// </summary>
    public bool TryReplaceBody(RequestBody shorter, int messagesCut)
    {
        var peek = new RequestPeek { ModelIsAddressed = Peek!.ModelIsAddressed };
        if (peek.Read(Endpoint, shorter.Span) is not null)
        {
            shorter.Dispose();
            return false;
        }

        shorter.TakeOver(Body!);
        Body = shorter;
        Peek = peek;
        _chat = null;
        TruncatedMessages += messagesCut;
        return true;
    }

    /// <summary>From here on the call is the masked one, whoever is asked. For whom it is does not change with that.</summary>
    public bool TryMask(RequestBody masked)
    {
        string? user = EndUser;
        if (!TryReplaceBody(masked, messagesCut: 0))
        {
            return false;
        }

        _endUser = user;
        _embedding = null;
        return true;
    }

    /// <summary>Changes the caller's headers that may travel to a vendor.</summary>
    public void ChangeForwarded(Func<string, string> change)
    {
        for (int i = 0; i < (_forwarded?.Count ?? 0); i++)
        {
            KeyValuePair<string, StringValues> header = _forwarded![i];
            _forwarded[i] = KeyValuePair.Create(header.Key, new StringValues(change(header.Value.ToString())));
        }
    }

    /// <summary>Nothing can be sent again once output is on its way: the request's bytes are let go.</summary>
    public void ReleaseBody()
    {
        if (Wishes.Continue == true || AnswerGuard is { IsHolding: true })
        {
            return; // Another LLM may have to be asked the same, or the webhook is told what was asked.
        }

        _media?.Dispose();
        _ = Account?.PromptTokens; // Counted while it is here: who leaves in the middle is told apart by it.
        if (Wishes.Metadata != true)
        {
            Body?.Dispose();
        }
    }

    /// <summary>The call is over.</summary>
    public void LetGo()
    {
        Hold.Dispose();
        _place?.Dispose();
        _media?.Dispose();
        Body?.Dispose();
        AnswerGuard?.Dispose();
    }

}
