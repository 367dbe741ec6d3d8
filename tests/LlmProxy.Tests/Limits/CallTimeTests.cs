using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

public sealed class CallTimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public void Id_MadeNow_CarriesTheMoment()
    {
        Guid id = CallTime.NewId(Now);

        Assert.Equal(7, id.Version);
        Assert.InRange(id.Variant, 8, 11);
        Assert.Equal(Now, CallTime.Of(id));
        Assert.StartsWith(Guid.CreateVersion7(Now).ToString()[..13], id.ToString());
    }

    [Fact]
    public void Ids_MadeByManyThreadsAtOneMoment_AllDiffer()
    {
        var ids = new Guid[100_000];

        Parallel.For(0, ids.Length, i => ids[i] = CallTime.NewId(Now));

        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public void Id_OfAnotherVersion_CarriesNothing() => Assert.Null(CallTime.Of(Guid.NewGuid()));
}
