using LlmProxy.Pipeline;

namespace LlmProxy.Accounting.Journal;

/// <summary>A call's row, or how far it has come, as the bytes of one record. Every payload begins with the call's id.</summary>
internal static class CallCodec
{
    private const int MostItems = 32;

    [Flags]
    internal enum Known
    {
        None = 0,
        Stream = 1,
        ClientGone = 2,
        Cost = 4,
        FirstToken = 8,
        Overhead = 16,
        Queued = 32,
    }

    public static Guid IdOf(CallRow row) =>
        row.CallId is { } known ? known : Guid.TryParse(row.Id, out Guid id) ? id : throw new ArgumentException($"A call's id must be a UUID: {row.Id}", nameof(row));

    /// <summary>Rented: to be disposed of.</summary>
    public static PayloadWriter Encode(Guid id, CallRow row)
    {
        var to = new PayloadWriter();
        to.Write(id);
        Known known = Facts(row);
        to.Write((long)known);
        to.Write(row.StartedAt.UtcTicks);
        to.Write(row.FinishedAt.UtcTicks);
        to.Write(row.Duration.Ticks);
        to.Write(row.Status);
        to.Write(row.Endpoint);
        to.Write(row.ClientRequestId);
        to.Write(row.Key);
        to.Write(row.Workspace);
        to.Write(row.EndUser);
        to.Write(row.RequestedModel);
        to.Write(row.Llm);
        to.Write(row.Provider);
        to.Write(row.ProviderRequestId);
        to.Write(row.Fallback);
        to.Write(row.Outcome);
        to.Write(row.ErrorCode);
        to.Write(row.Cache);
        WriteUsage(ref to, row.Usage, row.UsageSource, row.CostUsd);
        WriteIf(ref to, row.FirstToken);
        WriteIf(ref to, row.Overhead);
        WriteIf(ref to, row.Queued);
        to.Write(row.Attempts);
        WriteLists(ref to, row);
        return to;
    }

    /// <summary>Rented: to be disposed of.</summary>
    public static PayloadWriter Encode(Guid id, in CallProgress progress)
    {
        var to = new PayloadWriter();
        to.Write(id);
        to.Write(progress.CostUsd is null ? 0 : (long)Known.Cost);
        WriteUsage(ref to, progress.Usage, progress.UsageSource, progress.CostUsd);
        return to;
    }

    public static Guid ReadId(ReadOnlySpan<byte> payload) => new PayloadReader(payload).ReadGuid();

    public static CallRow ReadRow(ReadOnlySpan<byte> payload)
    {
        var row = new CallFields(payload);
        PayloadReader lists = row.Lists;
        return new CallRow
        {
            Id = row.Id.ToString(),
            IsStream = row.IsStream,
            ClientGone = row.ClientGone,
            StartedAt = new DateTimeOffset(row.StartedTicks, TimeSpan.Zero),
            FinishedAt = new DateTimeOffset(row.FinishedTicks, TimeSpan.Zero),
            Duration = new TimeSpan(row.DurationTicks),
            Status = row.Status,
            Endpoint = row.Endpoint.Text() ?? "",
            ClientRequestId = row.ClientRequestId.Text(),
            Key = row.Key.Text(),
            Workspace = row.Workspace.Text(),
            EndUser = row.EndUser.Text(),
            RequestedModel = row.RequestedModel.Text(),
            Llm = row.Llm.Text(),
            Provider = row.Provider.Text(),
            ProviderRequestId = row.ProviderRequestId.Text(),
            Fallback = row.Fallback.Text(),
            Outcome = row.Outcome.Text(),
            ErrorCode = row.ErrorCode.Text(),
            Cache = row.Cache.Text(),
            Usage = row.Usage,
            UsageSource = row.UsageSource.Text(),
            CostUsd = row.CostUsd,
            FirstToken = Span(row.FirstTokenTicks),
            Overhead = Span(row.OverheadTicks),
            Queued = Span(row.QueuedTicks),
            Attempts = row.Attempts,
            Tries = ReadTries(ref lists),
            Tags = ReadTags(ref lists),
        };
    }

    public static CallProgress ReadProgress(ReadOnlySpan<byte> payload)
    {
        var from = new PayloadReader(payload);
        from.ReadGuid();
        bool hasCost = from.ReadLong() != 0;
        return new CallProgress(ReadUsage(ref from), from.ReadUtf8().Text() ?? Accounting.UsageSource.Estimated, hasCost ? from.ReadDecimal() : null);
    }

    private static Known Facts(CallRow row) =>
        (row.IsStream ? Known.Stream : Known.None) | (row.ClientGone ? Known.ClientGone : Known.None) | (row.CostUsd is null ? Known.None : Known.Cost)
        | (row.FirstToken is null ? Known.None : Known.FirstToken) | (row.Overhead is null ? Known.None : Known.Overhead) | (row.Queued is null ? Known.None : Known.Queued);

    private static void WriteUsage(ref PayloadWriter to, in TokenUsage usage, string? source, decimal? cost)
    {
        to.Write(usage.FreshInput);
        to.Write(usage.CachedInput);
        to.Write(usage.CacheWrite);
        to.Write(usage.Output);
        to.Write(usage.Reasoning);
        to.Write(source);
        if (cost is { } known)
        {
            to.Write(known);
        }
    }

    public static TokenUsage ReadUsage(ref PayloadReader from) => new(from.ReadLong(), from.ReadLong(), from.ReadLong(), from.ReadLong(), from.ReadLong());

    private static void WriteIf(ref PayloadWriter to, TimeSpan? span)
    {
        if (span is { } known)
        {
            to.Write(known.Ticks);
        }
    }

    private static TimeSpan? Span(long? ticks) => ticks is { } known ? new TimeSpan(known) : null;

    private static void WriteLists(ref PayloadWriter to, CallRow row)
    {
        int tries = Math.Min(row.Tries.Count, MostItems);
        to.Write(tries);
        for (int i = 0; i < tries; i++)
        {
            AttemptRecord one = row.Tries[i];
            to.Write(one.Llm);
            to.Write(one.Provider);
            to.Write(one.Outcome);
            to.Write(one.ElapsedMs);
        }

        int tags = Math.Min(row.Tags.Count, MostItems);
        to.Write(tags);
        for (int i = 0; i < tags; i++)
        {
            to.Write(row.Tags[i]);
        }
    }

    private static AttemptRecord[] ReadTries(ref PayloadReader from)
    {
        var tries = new AttemptRecord[ReadCount(ref from)];
        for (int i = 0; i < tries.Length; i++)
        {
            tries[i] = new AttemptRecord(from.ReadUtf8().Text() ?? "", from.ReadUtf8().Text() ?? "", from.ReadUtf8().Text() ?? "", from.ReadDouble());
        }

        return tries;
    }

    private static string[] ReadTags(ref PayloadReader from)
    {
        string[] tags = new string[ReadCount(ref from)];
        for (int i = 0; i < tags.Length; i++)
        {
            tags[i] = from.ReadUtf8().Text() ?? "";
        }

        return tags;
    }

    /// <summary>How many items of a list follow.</summary>
    public static int ReadCount(ref PayloadReader from) =>
        from.ReadInt() is >= 0 and <= MostItems and var count ? count : throw new InvalidDataException("A list in the journal is too long.");
}
