namespace LlmProxy.Accounting.Journal;

/// <summary>A call's row as its record says it. Texts stay the UTF-8 that they are, until somebody needs strings; gone with the payload.</summary>
internal readonly ref struct CallFields
{
    private readonly CallCodec.Known _known;
    private readonly PayloadReader _lists;

    /// <summary>Throws when the payload is not a row's.</summary>
    public CallFields(ReadOnlySpan<byte> payload)
    {
        var from = new PayloadReader(payload);
        Id = from.ReadGuid();
        _known = (CallCodec.Known)from.ReadLong();
        StartedTicks = from.ReadLong();
        FinishedTicks = from.ReadLong();
        DurationTicks = from.ReadLong();
        Status = from.ReadInt();
        Endpoint = from.ReadUtf8();
        ClientRequestId = from.ReadUtf8();
        Key = from.ReadUtf8();
        Workspace = from.ReadUtf8();
        EndUser = from.ReadUtf8();
        RequestedModel = from.ReadUtf8();
        Llm = from.ReadUtf8();
        Provider = from.ReadUtf8();
        ProviderRequestId = from.ReadUtf8();
        Fallback = from.ReadUtf8();
        Outcome = from.ReadUtf8();
        ErrorCode = from.ReadUtf8();
        Cache = from.ReadUtf8();
        Usage = CallCodec.ReadUsage(ref from);
        UsageSource = from.ReadUtf8();
        CostUsd = Has(CallCodec.Known.Cost) ? from.ReadDecimal() : null;
        FirstTokenTicks = Has(CallCodec.Known.FirstToken) ? from.ReadLong() : null;
        OverheadTicks = Has(CallCodec.Known.Overhead) ? from.ReadLong() : null;
        QueuedTicks = Has(CallCodec.Known.Queued) ? from.ReadLong() : null;
        Attempts = from.ReadInt();
        _lists = from;
    }

    public Guid Id { get; }

    /// <summary>0: not known.</summary>
    public long StartedTicks { get; }

    public long FinishedTicks { get; }

    public long DurationTicks { get; }

    public int Status { get; }

    public ReadOnlySpan<byte> Endpoint { get; }

    public ReadOnlySpan<byte> ClientRequestId { get; }

    public ReadOnlySpan<byte> Key { get; }

    public ReadOnlySpan<byte> Workspace { get; }

    public ReadOnlySpan<byte> EndUser { get; }

    public ReadOnlySpan<byte> RequestedModel { get; }

    public ReadOnlySpan<byte> Llm { get; }

    public ReadOnlySpan<byte> Provider { get; }

    public ReadOnlySpan<byte> ProviderRequestId { get; }

    public ReadOnlySpan<byte> Fallback { get; }

    public ReadOnlySpan<byte> Outcome { get; }

    public ReadOnlySpan<byte> ErrorCode { get; }

    public ReadOnlySpan<byte> Cache { get; }

    public TokenUsage Usage { get; }

    public ReadOnlySpan<byte> UsageSource { get; }

    public decimal? CostUsd { get; }

    public long? FirstTokenTicks { get; }

    public long? OverheadTicks { get; }

    public long? QueuedTicks { get; }

    public int Attempts { get; }

    public bool IsStream => Has(CallCodec.Known.Stream);

    public bool ClientGone => Has(CallCodec.Known.ClientGone);

    /// <summary>Stands before the tries, behind which the tags follow.</summary>
    public PayloadReader Lists => _lists;

    private bool Has(CallCodec.Known fact) => (_known & fact) != 0;
}
