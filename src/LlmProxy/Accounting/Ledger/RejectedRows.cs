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

    /// <summary>On the disk when it returns. Throws when the disk does not take it, or another process writes to it now. False: the file is as large as it may be.</summary>
    public bool Add(StoredCall call, string reason)
    {
        // Several processes may share the directory, and the end is looked up before it is written to: one of them at a time.
        using var file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        long end = file.Length;
        bool fits = end < MostBytes;
        if (fits)
        {
            try
            {
                file.Write([.. JsonSerializer.SerializeToUtf8Bytes(new RejectedRow(reason, call), RejectedJson.Default.RejectedRow), (byte)'\n']);
                file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                file.SetLength(end); // The next line must not begin behind half of this one.
                throw;
            }
        }

        Interlocked.Increment(ref _count);
        return fits;
    }
}

internal sealed record RejectedRow(string Reason, StoredCall Row);

[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.SnakeCaseLower)]
[System.Text.Json.Serialization.JsonSerializable(typeof(RejectedRow))]
internal sealed partial class RejectedJson : System.Text.Json.Serialization.JsonSerializerContext;
