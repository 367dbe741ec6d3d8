using LlmProxy.Caching;
using LlmProxy.Caching.Semantic;

namespace LlmProxy.Tests.Caching.Semantic;

public sealed class SimilarQuestionsTests
{
    private readonly SimilarQuestions _questions = new();

    [Fact]
    public void Nearest_OfSeveral_IsTheNearestAboveTheThreshold()
    {
        _questions.Add(Asked(1, 0), Key(1), 10);
        _questions.Add(Asked(0.8f, 0.6f), Key(2), 10);

        Assert.Equal((Key(2), 0.96), Rounded(_questions.Nearest(Asked(0.6f, 0.8f), 0.9)));
        Assert.Null(_questions.Nearest(Asked(0.6f, 0.8f), 0.97));
        Assert.Equal((Key(1), 1), Rounded(_questions.Nearest(Asked(1, 0), 0.9)));
    }

    [Fact]
    public void Nearest_OfAnotherCircleOrAnotherLength_IsNone()
    {
        _questions.Add(Asked(1, 0), Key(1), 10);

        Assert.Null(_questions.Nearest(new Question(Key(99), [1, 0]), 0.5));
        Assert.Null(_questions.Nearest(new Question(Key(0), [1, 0, 0]), 0.5));
    }

    [Fact]
    public void Add_MoreThanThereMayBe_TheOldestLeaves()
    {
        for (ulong i = 1; i <= 5; i++)
        {
            _questions.Add(Asked(i % 2, (i + 1) % 2), Key(i), 2);
        }

        Assert.Equal(2, _questions.Count);
        Assert.Equal(Key(5), _questions.Nearest(Asked(1, 0), 0.9)!.Value.Answer);
    }

    [Fact]
    public void Add_SameQuestionAgain_ReplacesIt()
    {
        _questions.Add(Asked(1, 0), Key(1), 10);
        _questions.Add(Asked(1, 0), Key(1), 10);

        Assert.Equal(1, _questions.Count);
        _questions.Forget(Asked(1, 0), Key(1));
        Assert.Equal(0, _questions.Count);
        Assert.Null(_questions.Nearest(Asked(1, 0), 0.5));
    }

    [Fact]
    public void Nearest_LongVectors_IsTheirCosine()
    {
        float[] a = [.. Enumerable.Range(0, 1537).Select(i => (float)Math.Sin(i))];
        float[] b = [.. Enumerable.Range(0, 1537).Select(i => (float)Math.Sin(i + 0.1))];
        double length = Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
        double cosine = a.Zip(b, (x, y) => (double)x * y).Sum() / length;
        _questions.Add(new Question(Key(0), Unit(a)), Key(1), 10);

        Assert.Equal(cosine, _questions.Nearest(new Question(Key(0), Unit(b)), 0.5)!.Value.Score, 1e-4);
    }

    private static float[] Unit(float[] v) => [.. v.Select(x => (float)(x / Math.Sqrt(v.Sum(y => (double)y * y))))];

    private static (CacheKey, double) Rounded((CacheKey Answer, double Score)? found) => (found!.Value.Answer, Math.Round(found.Value.Score, 4));

    private static Question Asked(float x, float y) => new(Key(0), [x, y]);

    private static CacheKey Key(ulong number) => new(number, 0, 0, 0);
}
