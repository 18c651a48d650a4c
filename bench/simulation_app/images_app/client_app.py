"""The ClientApp. Order of examples: by round and partition, so that every run of it gives the same updates."""

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from images_app.task import load_data, model_for
from images_app.task import train as train_fn

BATCH_SIZE = 10
EPOCHS = 1
LEARNING_RATE = 0.05

app = ClientApp()


@app.train()
def train(msg: Message, context: Context):
    state = msg.content["arrays"].to_torch_state_dict()
    model = model_for(state)
    model.load_state_dict(state)

    partition_id = context.node_config["partition-id"]
    num_partitions = context.node_config["num-partitions"]
    seed = msg.content["config"]["server-round"] * num_partitions + partition_id
    trainloader = load_data(partition_id, num_partitions, BATCH_SIZE, seed)
    train_loss = train_fn(model, trainloader, EPOCHS, LEARNING_RATE)

    metrics = {"train_loss": train_loss, "num-examples": len(trainloader.dataset), "partition": partition_id}
    content = RecordDict({"arrays": ArrayRecord(model.state_dict()), "metrics": MetricRecord(metrics)})
    return Message(content=content, reply_to=msg)
