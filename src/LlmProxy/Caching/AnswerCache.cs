using System.Diagnostics.CodeAnalysis;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;

namespace LlmProxy.Caching;

/// <summary>
/// Do we know the answer already? Exact answers in process, the least recently used leaves first; bounded by entries, bytes
/// and age. Off until <see cref="Apply"/> turns it on.
/// </summary>
internal sealed class AnswerCache(TimeProvider time)
{
    /// <summary>One answer may take at most this part of all the bytes, so that it cannot push everything else out.</summary>
    public const int ShareOfOneAnswer = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<CacheKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new(); // The last used stands first.
    private volatile bool _enabled;
    private int _maxEntries;
    private long _maxBytes;
    private long _bytes;
    private long _hits;
    private long _misses;
    private long _evictions;

    public bool IsEnabled => _enabled;

    public CacheCounts Counts
    {
        get
        {
            lock (_lock)
            {
                return new CacheCounts(_entries.Count, _bytes, _hits, _misses, _evictions);
            }
        }
    }

    /// <summary>How large one answer may be.</summary>
    public long MostBytes => Volatile.Read(ref _maxBytes) / ShareOfOneAnswer;

    /// <summary>Whose answers are kept: of endpoints whose answer is text or vectors for the same question, and that keep nothing of it at the vendor.</summary>
    public static bool Covers(EndpointKind endpoint) =>
        endpoint == EndpointKind.Chat || endpoint == EndpointKind.Completions || endpoint == EndpointKind.Embeddings || endpoint == EndpointKind.Messages;

    /// <summary>Takes over what the snapshot says now. Answers stay as far as they fit; turned off, all are dropped.</summary>
    public void Apply(CacheOptions options)
    {
        lock (_lock)
        {
            _enabled = options.Enabled;
            _maxEntries = options.Enabled ? options.MaxEntries : 0;
            _maxBytes = options.Enabled ? options.MaxBytes : 0;
            Trim_NeedsLock();
        }
    }

    public bool TryGet(in CacheKey key, [NotNullWhen(true)] out CachedAnswer? answer, out TimeSpan age)
    {
        answer = null;
        age = default;
        if (!_enabled)
        {
            return false;
        }

        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out LinkedListNode<Entry>? node))
            {
                _misses++;
                return false;
            }

            age = time.GetElapsedTime(node.Value.StoredAt);
            if (age >= node.Value.TimeToLive)
            {
                Remove_NeedsLock(node);
                _misses++;
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            _hits++;
            answer = node.Value.Answer;
            return true;
        }
    }

    /// <summary>Keeps the answer, in place of an older one of the same key. One that is too large is passed over.</summary>
    /// <param name="key">What it is the answer to.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="timeToLive">For how long, from when it was new.</param>
    /// <param name="age">How long ago that was; zero: it is new.</param>
    public void Keep(in CacheKey key, CachedAnswer answer, TimeSpan timeToLive, TimeSpan age = default)
    {
        if (!_enabled || timeToLive <= age)
        {
            return;
        }

        lock (_lock)
        {
            if (_entries.TryGetValue(key, out LinkedListNode<Entry>? older))
            {
                Remove_NeedsLock(older);
            }

            if (answer.Weight > _maxBytes / ShareOfOneAnswer)
            {
                return;
            }

            _entries.Add(key, _byUse.AddFirst(new Entry(key, answer, time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency), timeToLive)));
            _bytes += answer.Weight;
            Trim_NeedsLock();
        }
    }

    private void Trim_NeedsLock()
    {
        while (_byUse.Last is { } last && (_entries.Count > _maxEntries || _bytes > _maxBytes))
        {
            Remove_NeedsLock(last);
            _evictions++;
        }
    }

    private void Remove_NeedsLock(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Key);
        _byUse.Remove(node);
        _bytes -= node.Value.Answer.Weight;
    }

    private readonly record struct Entry(CacheKey Key, CachedAnswer Answer, long StoredAt, TimeSpan TimeToLive);
}

/// <summary>How full the cache is and what it was good for.</summary>
internal readonly record struct CacheCounts(int Entries, long Bytes, long Hits, long Misses, long Evictions);
