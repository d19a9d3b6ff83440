# A Kubernetes node image: kernel parameters and a container runtime, provisioned by cloud-init.
# No SSH into the build instance: cloud-init powers it off when it is done, and Packer takes the image then.
#
# Packer 1.6.6: packer build kubernetes.pkr.hcl. Newer ones first: packer init plugins.pkr.hcl

variable "aws_endpoint" {
  type        = string
  default     = ""
  description = "URL of a simulated AWS; empty: the real one. amiport passes it."
}

variable "aws_region" {
  type        = string
  default     = "eu-west-1"
  description = "The build Region. amiport passes it."
}

variable "k8s" {
  type    = string
  default = "1.34"
}

variable "base_owner" {
  type        = string
  default     = "136693071363"
  description = "Owner of the base image: Debian's own account."
}

variable "base_name" {
  type    = string
  default = "debian-12-amd64-*"
}

variable "wait_for_poweroff" {
  type        = bool
  default     = true
  description = "False where nothing runs inside the instance, as in a simulator."
}

locals {
  stamp = regex_replace(timestamp(), "[^0-9]", "")
}

source "amazon-ebs" "kubernetes" {
  region              = var.aws_region
  custom_endpoint_ec2 = var.aws_endpoint
  communicator        = "none"
  instance_type       = "t3.small"
  ena_support         = true

  source_ami_filter {
    owners      = [var.base_owner]
    most_recent = true
    filters = {
      name                = var.base_name
      virtualization-type = "hvm"
      root-device-type    = "ebs"
    }
  }

  user_data_file        = "${path.root}/kubernetes.cloud-init.yaml"
  disable_stop_instance = var.wait_for_poweroff
  shutdown_behavior     = "stop"

  ami_name        = "kubernetes-${var.k8s}-${local.stamp}"
  ami_description = "Kubernetes ${var.k8s} node: kernel parameters, containerd"
  tags = {
    Name       = "kubernetes"
    Kubernetes = var.k8s
  }
}

build {
  sources = ["source.amazon-ebs.kubernetes"]
}
