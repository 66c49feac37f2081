#!/usr/bin/env bash
# train_act.sh DATASET OUTPUT [FLAG...]: trains an ACT policy on a merged dataset with LeRobot's own
# trainer, from nothing: no pretrained weights, no network.
#
#     robomerge merge kitchen_1 kitchen_2 -o kitchen
#     examples/train_act.sh kitchen outputs/act --steps=100000 --policy.device=cuda
#
# The dataset needs `action`, `observation.state` and a camera; `robomerge merge --rename` gives
# features these names. Without further flags it takes one step of a small policy on the CPU, which
# shows that the dataset can be trained on. Needs `pip install 'lerobot[training]'`.
set -euo pipefail
dataset=$(realpath "${1:?usage: train_act.sh DATASET OUTPUT [FLAG...]}")
output=${2:?usage: train_act.sh DATASET OUTPUT [FLAG...]}
small=()
if [ $# = 2 ]; then
  small=(--steps=1 --batch_size=2 --num_workers=0 --log_freq=1 --policy.device=cpu
    --policy.chunk_size=4 --policy.n_action_steps=4 --policy.dim_model=32 --policy.n_heads=2
    --policy.dim_feedforward=32 --policy.n_encoder_layers=1 --policy.n_vae_encoder_layers=1)
fi
export HF_HUB_OFFLINE=1
exec lerobot-train --dataset.repo_id=local/merged --dataset.root="$dataset" --output_dir="$output" \
  --policy.type=act --policy.pretrained_backbone_weights=null --policy.push_to_hub=false \
  --wandb.enable=false "${small[@]}" "${@:3}"
