namespace LlmProxy.Accounting.Journal;

/// <summary>Settled rows on their way into the database.</summary>
internal interface IRowSource
{
    /// <summary>Adds the next rows until the batch is full; none: all there is was read.</summary>
    void Read(RowBatch rows);

    /// <summary>All that was read is durably in the database and need not be kept.</summary>
    void Shipped(int rows);
}
