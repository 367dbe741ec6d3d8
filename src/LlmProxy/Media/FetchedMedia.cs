using System.Buffers;
using System.Buffers.Text;
using LlmProxy.Conversation;
using LlmProxy.Limits;

namespace LlmProxy.Media;

/// <summary>What was fetched for one call: kept for its next attempt, counted against the gateway's memory.</summary>
internal sealed class FetchedMedia(BufferBudget budget) : IDisposable
{
    private readonly Dictionary<string, MediaSource> _byAddress = new(StringComparer.Ordinal);
    private readonly Lock _gate = new(); // Two attempts may fetch side by side.
    private long _taken;

    public MediaSource? Find(string address)
    {
        lock (_gate)
        {
            return _byAddress.GetValueOrDefault(address);
        }
    }

    /// <summary>Null: the gateway's memory is full.</summary>
    public MediaSource? Keep(string address, ReadOnlySpan<byte> bytes, string mediaType, MediaSource given)
    {
        int length = Base64.GetMaxEncodedToUtf8Length(bytes.Length);
        if (!budget.TryTake(length))
        {
            return null;
        }

        byte[] base64 = new byte[length];
        OperationStatus status = Base64.EncodeToUtf8(bytes, base64, out _, out int written);
        System.Diagnostics.Debug.Assert(status == OperationStatus.Done, "The room was measured for it.");
        MediaSource fetched = given with { Url = null, Base64 = base64.AsMemory(0, written), MediaType = mediaType };
        lock (_gate)
        {
            _taken += length;
            _byAddress[address] = fetched;
        }

        return fetched;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            budget.Give(_taken);
            _taken = 0;
        }
    }
}
