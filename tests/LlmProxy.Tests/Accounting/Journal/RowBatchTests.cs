using LlmProxy.Accounting.Journal;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>Many payloads in one buffer.</summary>
public sealed class RowBatchTests
{
    [Fact]
    public void Rows_StandAsTheyWereAdded_AlsoAfterItGrewAndWasCleared()
    {
        var batch = new RowBatch(1000);
        for (int round = 0; round < 2; round++)
        {
            batch.Clear();
            Assert.Equal(0, batch.Count);
            for (int i = 0; i < 600; i++)
            {
                batch.Add(Enumerable.Repeat((byte)i, i).ToArray());
            }

            Assert.Equal(600, batch.Count);
            Assert.All(Enumerable.Range(0, 600), i => Assert.Equal(Enumerable.Repeat((byte)i, i), batch[i].ToArray()));
        }
    }

    [Fact]
    public void Batch_IsFull_AtItsRowsOrAtItsBytes()
    {
        var few = new RowBatch(2);
        few.Add([1]);
        Assert.False(few.IsFull);
        few.Add([2]);
        Assert.True(few.IsFull);

        var large = new RowBatch(1000);
        while (!large.IsFull)
        {
            large.Add(new byte[RecordFrame.MostPayload]);
        }

        Assert.Equal(4, large.Count);
    }
}
