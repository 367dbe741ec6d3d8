namespace LlmProxy.Accounting.Journal;

/// <summary>Settled rows as their records say them, one behind the other in one buffer that serves every batch.</summary>
internal sealed class RowBatch(int most)
{
    /// <summary>Rows have a few hundred bytes; where they are as long as they may be, a batch has fewer of them.</summary>
    private const int MostBytes = 4 << 20;

    private readonly List<int> _ends = [];
    private byte[] _bytes = new byte[64 * 1024];

    public int Count => _ends.Count;

    public bool IsFull => Count >= most || End >= MostBytes;

    /// <summary>The payload of a row's record.</summary>
    public ReadOnlySpan<byte> this[int row] => _bytes.AsSpan(Start(row), _ends[row] - Start(row));

    private int End => Count == 0 ? 0 : _ends[^1];

    public void Add(ReadOnlySpan<byte> payload)
    {
        int start = End;
        if (start + payload.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(start + payload.Length, _bytes.Length * 2));
        }

        payload.CopyTo(_bytes.AsSpan(start));
        _ends.Add(start + payload.Length);
    }

    public void Clear() => _ends.Clear();

    /// <summary>To be held with fixed; rows stand in it as they stand in the batch.</summary>
    public ref readonly byte GetPinnableReference() => ref _bytes[0];

    private int Start(int row) => row == 0 ? 0 : _ends[row - 1];
}
