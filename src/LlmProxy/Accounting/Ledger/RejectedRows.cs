using System.Text.Json;

namespace LlmProxy.Accounting.Ledger;

/// <summary>The file for rows that the database will not take: one JSON object a line, beside the journals, for an operator to look at.</summary>
internal sealed class RejectedRows(string directory)
{
    public const string FileName = "rejected.jsonl";
    private const long MostBytes = 64L << 20;

    private long _count;

    public string Path { get; } = System.IO.Path.Combine(directory, FileName);

    public long Count => Interlocked.Read(ref _count);

    /// <summary>On the disk when it returns. Throws when the disk does not take it. False: the file is as large as it may be.</summary>
    public bool Add(StoredCall call, string reason)
    {
        // Several processes may share the directory: each line is one write at the end.
        using var file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        bool fits = file.Length < MostBytes;
        if (fits)
        {
            file.Write([.. JsonSerializer.SerializeToUtf8Bytes(new RejectedRow(reason, call), RejectedJson.Default.RejectedRow), (byte)'\n']);
            file.Flush(flushToDisk: true);
        }

        Interlocked.Increment(ref _count);
        return fits;
    }
}

internal sealed record RejectedRow(string Reason, StoredCall Row);

[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.SnakeCaseLower)]
[System.Text.Json.Serialization.JsonSerializable(typeof(RejectedRow))]
internal sealed partial class RejectedJson : System.Text.Json.Serialization.JsonSerializerContext;
