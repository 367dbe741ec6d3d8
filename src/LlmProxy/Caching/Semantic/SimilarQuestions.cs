namespace LlmProxy.Caching.Semantic;

/// <summary>
/// Questions whose answers the cache holds, found by how near they are. In process; as many as the cache has entries, the
/// oldest leaves first.
/// </summary>
internal sealed class SimilarQuestions
{
    /// <summary>Questions of one circle that are compared with a new one: a search takes no longer than this.</summary>
    public const int MostInCircle = 4096;

    /// <summary>All of them together, whatever the cache may hold: a vector takes four to sixteen kilobytes.</summary>
    public const int MostQuestions = 16_384;

    private readonly Lock _gate = new();
    private readonly Dictionary<CacheKey, LinkedList<Entry>> _circles = [];
    private readonly LinkedList<Entry> _byAge = new(); // The newest stands first.

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byAge.Count;
            }
        }
    }

    /// <summary>The nearest question, where one is near enough.</summary>
    public (CacheKey Answer, double Score)? Nearest(Question question, double threshold)
    {
        lock (_gate)
        {
            if (!_circles.TryGetValue(question.Circle, out LinkedList<Entry>? circle))
            {
                return null;
            }

            (CacheKey, double)? best = null;
            double bestScore = threshold;
            foreach (Entry entry in circle)
            {
                if (entry.Question.Vector.Length == question.Vector.Length)
                {
                    double score = Dot(entry.Question.Vector, question.Vector);
                    if (score >= bestScore)
                    {
                        (best, bestScore) = ((entry.Answer, Math.Min(score, 1)), score);
                    }
                }
            }

            return best;
        }
    }

    public void Add(Question question, CacheKey answer, int most)
    {
        lock (_gate)
        {
            if (!_circles.TryGetValue(question.Circle, out LinkedList<Entry>? circle))
            {
                _circles.Add(question.Circle, circle = new LinkedList<Entry>());
            }

            for (LinkedListNode<Entry>? same = circle.First; same is not null; same = same.Next)
            {
                if (same.Value.Answer == answer)
                {
                    Remove_NeedsLock(same.Value);
                    break;
                }
            }

            var entry = new Entry(question, answer);
            entry.InCircle = circle.AddFirst(entry);
            entry.InAge = _byAge.AddFirst(entry);
            _circles[question.Circle] = circle; // It may have been taken out with its last entry.
            while (_byAge.Last is { } oldest && _byAge.Count > Math.Min(most, MostQuestions))
            {
                Remove_NeedsLock(oldest.Value);
            }

            if (circle.Count > MostInCircle)
            {
                Remove_NeedsLock(circle.Last!.Value);
            }
        }
    }

    /// <summary>Its answer is not known any more.</summary>
    public void Forget(Question question, CacheKey answer)
    {
        lock (_gate)
        {
            if (_circles.TryGetValue(question.Circle, out LinkedList<Entry>? circle) && circle.FirstOrDefault(e => e.Answer == answer) is { } entry)
            {
                Remove_NeedsLock(entry);
            }
        }
    }

    private void Remove_NeedsLock(Entry entry)
    {
        LinkedList<Entry> circle = entry.InCircle!.List!;
        circle.Remove(entry.InCircle);
        _byAge.Remove(entry.InAge!);
        if (circle.Count == 0)
        {
            _circles.Remove(entry.Question.Circle);
        }
    }

    private static double Dot(float[] a, float[] b)
    {
        var sum = System.Numerics.Vector<float>.Zero;
        int width = System.Numerics.Vector<float>.Count;
        int i = 0;
        for (; i <= a.Length - width; i += width)
        {
            sum += new System.Numerics.Vector<float>(a, i) * new System.Numerics.Vector<float>(b, i);
        }

        double dot = System.Numerics.Vector.Sum(sum);
        for (; i < a.Length; i++)
        {
            dot += a[i] * b[i];
        }

        return dot;
    }

    private sealed class Entry(Question question, CacheKey answer)
    {
        public Question Question { get; } = question;

        public CacheKey Answer { get; } = answer;

        public LinkedListNode<Entry>? InCircle { get; set; }

        public LinkedListNode<Entry>? InAge { get; set; }
    }
}
